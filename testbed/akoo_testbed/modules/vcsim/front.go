package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const page = "<html><head><title>%d</title></head><body><h1>%d %s</h1></body></html>\n"

// call is a SOAP request on its way through the front and the simulator.
type call struct {
	id      int64
	method  string
	objects []namedObject
	rule    *faultRule
	context context.Context
	cancel  context.CancelFunc
}

type namedObject struct {
	reference types.ManagedObjectReference
	name      string
}

// front is the HTTP server before the simulator. A reset puts another vCenter behind it.
type front struct {
	options options
	rules   *ruleSet
	last    atomic.Int64
	calls   sync.Map // id -> *call, until the simulator knows its context

	resetting sync.Mutex
	current   atomic.Pointer[vcenter]
}

func newFront(settings options) (*front, error) {
	rules, err := newRuleSet(settings.Lenient)
	if err != nil {
		return nil, err
	}
	f := &front{options: settings, rules: rules}
	return f, f.reset()
}

// reset puts a new vCenter with the inventory of the start in place; calls of the old one end.
func (f *front) reset() error {
	f.resetting.Lock()
	defer f.resetting.Unlock()
	next, err := newVCenter(f.options, f.rules, f)
	if err != nil {
		return err
	}
	if old := f.current.Swap(next); old != nil {
		old.close()
		old.faults.remove(0)
	}
	return nil
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := f.current.Load()
	if r.Method != http.MethodPost {
		v.service.ServeMux.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	c := f.newCall(v, r, body)
	defer c.cancel()
	defer context.AfterFunc(v.alive, c.cancel)()
	v.ledger.enter(c)
	defer v.ledger.leave(c)
	if !sleep(c.context, v.latency()) || !before(w, c) {
		return
	}
	recorded := &recorder{header: http.Header{}, status: http.StatusOK}
	r.Body = io.NopCloser(bytes.NewReader(body))
	markRequest(r, c.id)
	f.calls.Store(c.id, c)
	v.service.ServeMux.ServeHTTP(recorded, r)
	f.calls.Delete(c.id)
	if c.context.Err() != nil && v.alive.Err() != nil {
		panic(http.ErrAbortHandler) // the vCenter of this call is gone
	}
	after(w, c, recorded)
}

// before carries out what a rule wishes before the effect; false: the call ends here.
func before(w http.ResponseWriter, c *call) bool {
	if c.rule == nil || c.rule.When != whenBefore {
		return true
	}
	switch c.rule.Action {
	case actionCut:
		panic(http.ErrAbortHandler)
	case actionHold:
		if !held(c) {
			panic(http.ErrAbortHandler)
		}
	case actionDelay:
		return sleep(c.context, c.rule.pause())
	case actionStatus:
		writePage(w, c.rule.Status)
		return false
	}
	return true
}

// after carries out what a rule wishes after the effect, and answers.
func after(w http.ResponseWriter, c *call, answer *recorder) {
	if c.rule != nil && c.rule.When == whenAfter {
		switch c.rule.Action {
		case actionCut:
			panic(http.ErrAbortHandler)
		case actionHold:
			if !held(c) {
				panic(http.ErrAbortHandler)
			}
		case actionDelay:
			sleep(c.context, c.rule.pause())
		case actionStatus:
			writePage(w, c.rule.Status)
			return
		case actionTruncate:
			answer.body.Truncate(answer.body.Len() / 2)
		}
	}
	for name, values := range answer.header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body.Bytes())
}

// held waits until the rule is removed; false: the caller or the vCenter went away first.
func held(c *call) bool {
	select {
	case <-c.rule.released:
		return true
	case <-c.context.Done():
		return false
	}
}

func sleep(ctx context.Context, pause time.Duration) bool {
	if pause <= 0 {
		return true
	}
	select {
	case <-time.After(pause):
		return true
	case <-ctx.Done():
		return false
	}
}

func writePage(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	fmt.Fprintf(w, page, status, status, http.StatusText(status))
}

func (f *front) newCall(v *vcenter, r *http.Request, body []byte) *call {
	c := &call{id: f.last.Add(1)}
	c.context, c.cancel = context.WithCancel(r.Context())
	c.read(body)
	for i, object := range c.objects {
		if entity, ok := v.registry().Get(object.reference).(mo.Entity); ok {
			c.objects[i].name = nameOf(entity)
		}
	}
	c.rule = v.faults.match(c)
	return c
}

// read takes the method's name and all references to objects from the envelope.
func (c *call) read(body []byte) {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	inBody := false
	for {
		token, err := decoder.Token()
		if err != nil {
			return
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch {
		case !inBody:
			inBody = start.Name.Local == "Body"
		case c.method == "":
			c.method = start.Name.Local
		default:
			c.readObject(decoder, start)
		}
	}
}

func (c *call) readObject(decoder *xml.Decoder, start xml.StartElement) {
	for _, attribute := range start.Attr {
		if attribute.Name.Local != "type" || attribute.Name.Space != "" {
			continue
		}
		if text, err := decoder.Token(); err == nil {
			if value, ok := text.(xml.CharData); ok {
				c.objects = append(c.objects, namedObject{reference: types.ManagedObjectReference{
					Type: attribute.Value, Value: strings.TrimSpace(string(value))}})
			}
		}
	}
}

// markRequest puts the call's number behind the session's key, for the simulator gives us its context
// and the cookie together, and nothing else of the request.
func markRequest(r *http.Request, id int64) {
	key := ""
	if cookie, err := r.Cookie(soap.SessionCookieName); err == nil {
		key = strings.Trim(cookie.Value, `"`)
	}
	r.Header.Del("Cookie")
	r.AddCookie(&http.Cookie{Name: soap.SessionCookieName, Value: key + "|" + strconv.FormatInt(id, 10)})
}

// cookie is asked by the simulator for the session's key of a request.
func (v *vcenter) cookie(ctx *simulator.Context) string {
	key, id, _ := strings.Cut(simulator.HTTPCookie(ctx), "|")
	if number, err := strconv.ParseInt(id, 10, 64); err == nil {
		if c, ok := v.front.calls.Load(number); ok {
			v.calls.Store(ctx, c)
			context.AfterFunc(c.(*call).context, func() { v.calls.Delete(ctx) })
		}
	}
	return key
}

// callOf is nil for calls of our own.
func (v *vcenter) callOf(ctx *simulator.Context) *call {
	if c, ok := v.calls.Load(ctx); ok {
		return c.(*call)
	}
	return nil
}

// recorder keeps an answer until it is known what becomes of it.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header            { return r.header }
func (r *recorder) WriteHeader(status int)         { r.status = status }
func (r *recorder) Write(part []byte) (int, error) { return r.body.Write(part) }

// nameOf is the name of an entity. Networks and switches have a name of their own beside it.
func nameOf(entity mo.Entity) string {
	switch each := entity.(type) {
	case *simulator.DistributedVirtualPortgroup:
		return each.Name
	case *simulator.DistributedVirtualSwitch:
		return each.Name
	case *mo.Network:
		return each.Name
	}
	return entity.Entity().Name
}
