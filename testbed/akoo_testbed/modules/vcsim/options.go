package main

import (
	"encoding/json"
	"os"
)

// options is the content of the file that the command gets.
type options struct {
	Listen       string            `json:"listen"`  // host:port of the vCenter
	Control      string            `json:"control"` // host:port of the control endpoint
	Certificate  string            `json:"certificate"`
	Key          string            `json:"key"`
	Accounts     map[string]string `json:"accounts"` // user -> password
	InstanceUUID string            `json:"instance_uuid"`
	APIVersion   string            `json:"api_version"`
	Lenient      []string          `json:"lenient"` // names of strict rules that are off
	Inventory    inventory         `json:"inventory"`
}

// inventory is what a vCenter holds when it starts and after a reset.
type inventory struct {
	Datacenters []datacenterSpec `json:"datacenters"`
}

type datacenterSpec struct {
	Name     string        `json:"name"`
	Folder   string        `json:"folder"` // a folder below the root, made once
	Hosts    int           `json:"hosts"`
	Switches []switchSpec  `json:"switches"`
	Machines []machineSpec `json:"machines"`
}

type switchSpec struct {
	Name         string          `json:"name"`
	Folder       string          `json:"folder"` // a folder below the datacenter's network folder
	Uplinks      []string        `json:"uplinks"`
	MTU          int32           `json:"mtu"`
	PrivateVLANs []int32         `json:"private_vlans"` // secondary ids; the first is the primary, too
	ExtensionKey string          `json:"extension_key"` // set: the switch belongs to an extension
	PortGroups   []portGroupSpec `json:"port_groups"`
	More         int             `json:"more"` // further port groups, named after the switch
}

type portGroupSpec struct {
	Name  string `json:"name"`
	VLAN  int32  `json:"vlan"`
	Ports int32  `json:"ports"`
	NSX   bool   `json:"nsx"`
}

type machineSpec struct {
	Name      string `json:"name"`
	PortGroup string `json:"port_group"` // of the same datacenter
}

func readOptions(path string) (options, error) {
	var settings options
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &settings)
	}
	return settings, err
}
