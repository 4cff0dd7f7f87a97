// Command vcsim plays a vCenter: the simulator of govmomi behind rules of a real vCenter, with an
// endpoint for control beside it. Its only argument is the path of a JSON file, see options.go.
package main

import (
	"crypto/tls"
	"log"
	"net"
	"net/http"
	"os"
)

func main() {
	log.SetFlags(log.Ltime | log.Lmicroseconds)
	if len(os.Args) != 2 {
		log.Fatal("usage: vcsim OPTIONS.json")
	}
	settings, err := readOptions(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	front, err := newFront(settings)
	if err != nil {
		log.Fatal(err)
	}
	control, err := net.Listen("tcp", settings.Control)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", settings.Listen)
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(control, newControl(front))) }()
	log.Printf("vCenter on %s, control on %s", settings.Listen, settings.Control)
	server := &http.Server{Handler: front, TLSConfig: &tls.Config{
		// Read at each handshake: whoever replaces the files replaces the certificate.
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(settings.Certificate, settings.Key)
			return &pair, err
		},
		NextProtos: []string{"http/1.1"},
	}}
	log.Fatal(server.ServeTLS(listener, "", ""))
}
