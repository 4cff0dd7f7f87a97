package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// newControl serves what tests wish. JSON both ways; errors are 400 with a sentence.
//
//	GET    /                 identity, rules, number of sessions
//	PUT    /                 {"instance_uuid", "api_version", "delay_seconds", "accounts"}
//	POST   /reset
//	GET    /calls            DELETE: count anew
//	PUT    /rules            {"in-use": false}
//	GET    /faults           POST a rule, DELETE all, DELETE /faults/{id}
//	GET    /denials          POST a denial, DELETE all, DELETE /denials/{id}
//	GET    /sessions         DELETE ?user=U or ?key=K, or all
//	POST   /attachments      {"port_group", "machine" or "host"}: DELETE the same
//	POST   /moves            {"port_group", "folder"}
//	GET    /portgroups
func newControl(f *front) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, answer func(v *vcenter, r *http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			result, err := answer(f.current.Load(), r)
			w.Header().Set("Content-Type", "application/json")
			if err != nil {
				w.WriteHeader(http.StatusBadRequest)
				result = map[string]string{"error": err.Error()}
			}
			_ = json.NewEncoder(w).Encode(result)
		})
	}
	handle("GET /{$}", func(v *vcenter, _ *http.Request) (any, error) { return v.state(), nil })
	handle("PUT /{$}", func(v *vcenter, r *http.Request) (any, error) { return v.change(r) })
	handle("POST /reset", func(*vcenter, *http.Request) (any, error) {
		err := f.reset()
		return f.current.Load().state(), err
	})
	handle("GET /calls", func(v *vcenter, _ *http.Request) (any, error) { return v.ledger.counted(), nil })
	handle("DELETE /calls", func(v *vcenter, _ *http.Request) (any, error) {
		v.ledger.clear()
		return v.ledger.counted(), nil
	})
	handle("PUT /rules", func(v *vcenter, r *http.Request) (any, error) {
		changes := map[string]bool{}
		if err := decode(r, &changes); err != nil {
			return nil, err
		}
		err := v.rules.change(changes)
		return v.rules.all(), err
	})
	handle("GET /faults", func(v *vcenter, _ *http.Request) (any, error) { return v.faults.all(), nil })
	handle("POST /faults", func(v *vcenter, r *http.Request) (any, error) { return v.addFault(r) })
	handle("DELETE /faults", func(v *vcenter, _ *http.Request) (any, error) { return v.faults.remove(0), nil })
	handle("DELETE /faults/{id}", func(v *vcenter, r *http.Request) (any, error) {
		return removed(r, v.faults.remove)
	})
	handle("GET /denials", func(v *vcenter, _ *http.Request) (any, error) { return v.denials.all(), nil })
	handle("POST /denials", func(v *vcenter, r *http.Request) (any, error) { return v.addDenial(r) })
	handle("DELETE /denials", func(v *vcenter, _ *http.Request) (any, error) { return v.denials.remove(0), nil })
	handle("DELETE /denials/{id}", func(v *vcenter, r *http.Request) (any, error) {
		return removed(r, v.denials.remove)
	})
	handle("GET /sessions", func(v *vcenter, _ *http.Request) (any, error) { return v.sessions(), nil })
	handle("DELETE /sessions", func(v *vcenter, r *http.Request) (any, error) {
		return v.endSessions(r.URL.Query().Get("user"), r.URL.Query().Get("key"))
	})
	handle("POST /attachments", func(v *vcenter, r *http.Request) (any, error) { return v.attach(r) })
	handle("DELETE /attachments", func(v *vcenter, r *http.Request) (any, error) { return v.detach(r) })
	handle("POST /moves", func(v *vcenter, r *http.Request) (any, error) { return v.move(r) })
	handle("GET /portgroups", func(v *vcenter, _ *http.Request) (any, error) { return v.portGroups(), nil })
	return mux
}

func decode(r *http.Request, into any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func removed(r *http.Request, remove func(int) int) (any, error) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || id == 0 || remove(id) == 0 {
		return nil, fmt.Errorf("there is no %s", r.URL.Path)
	}
	return 1, nil
}

func (v *vcenter) state() any {
	about := v.about()
	return map[string]any{
		"instance_uuid": about.InstanceUuid, "api_version": about.ApiVersion, "rules": v.rules.all(),
		"sessions": len(v.sessions()), "delay_seconds": v.latency().Seconds(),
	}
}

func (v *vcenter) change(r *http.Request) (any, error) {
	var wanted struct {
		InstanceUUID string            `json:"instance_uuid"`
		APIVersion   string            `json:"api_version"`
		DelaySeconds *float64          `json:"delay_seconds"`
		Accounts     map[string]string `json:"accounts"` // all of them
	}
	if err := decode(r, &wanted); err != nil {
		return nil, err
	}
	v.setAbout(wanted.InstanceUUID, wanted.APIVersion)
	v.mu.Lock()
	if wanted.DelaySeconds != nil {
		v.delay = time.Duration(*wanted.DelaySeconds * float64(time.Second))
	}
	if wanted.Accounts != nil {
		v.accounts = wanted.Accounts
	}
	v.mu.Unlock()
	return v.state(), nil
}

// addFault reads the rule and, apart, its fault: {"_typeName": "NoPermission", "privilegeId": ...}.
func (v *vcenter) addFault(r *http.Request) (any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var parts struct {
		faultRule
		Fault json.RawMessage `json:"fault"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&parts); err != nil {
		return nil, err
	}
	rule := parts.faultRule
	if len(parts.Fault) > 0 && string(parts.Fault) != "null" {
		var fault types.BaseMethodFault
		if err := types.NewJSONDecoder(bytes.NewReader(parts.Fault)).Decode(&fault); err != nil {
			return nil, fmt.Errorf("fault: %w", err)
		}
		rule.fault = fault
		if missing := missingReference(fault); missing != "" {
			return nil, fmt.Errorf("fault: the field %s is needed", missing)
		}
	}
	if err := v.faults.add(&rule); err != nil {
		return nil, err
	}
	return rule.ID, nil
}

// missingReference names a field without which clients cannot read the fault.
func missingReference(fault types.BaseMethodFault) string {
	value := reflect.ValueOf(fault).Elem()
	for i := range value.NumField() {
		if reference, ok := value.Field(i).Interface().(types.ManagedObjectReference); ok && reference.Type == "" {
			name := value.Type().Field(i).Name
			return strings.ToLower(name[:1]) + name[1:]
		}
	}
	return ""
}

func (v *vcenter) addDenial(r *http.Request) (any, error) {
	var wanted denial
	if err := decode(r, &wanted); err != nil {
		return nil, err
	}
	if wanted.Privilege == "" {
		return nil, fmt.Errorf("a privilege is needed")
	}
	reference, err := v.single(wanted.Object)
	if err != nil {
		return nil, err
	}
	wanted.reference = reference
	return v.denials.add(wanted).ID, nil
}

func (v *vcenter) single(text string, kinds ...string) (types.ManagedObjectReference, error) {
	references := v.resolve(text, kinds...)
	if len(references) != 1 {
		return types.ManagedObjectReference{}, fmt.Errorf("%q names %d objects %v", text, len(references), references)
	}
	return references[0], nil
}

type attachment struct {
	PortGroup string `json:"port_group"`
	Machine   string `json:"machine"`
	Host      string `json:"host"`
}

func (v *vcenter) attachment(r *http.Request) (attachment, *simulator.DistributedVirtualPortgroup, error) {
	var wanted attachment
	if err := decode(r, &wanted); err != nil {
		return wanted, nil, err
	}
	reference, err := v.single(wanted.PortGroup, "DistributedVirtualPortgroup")
	if err != nil {
		return wanted, nil, err
	}
	return wanted, v.registry().Get(reference).(*simulator.DistributedVirtualPortgroup), nil
}

// attach puts a NIC of a VM, which is made if it is not there, or a vmkernel port of a host on a
// port group.
func (v *vcenter) attach(r *http.Request) (any, error) {
	wanted, pg, err := v.attachment(r)
	if err != nil {
		return nil, err
	}
	if wanted.Host != "" {
		host, err := v.single(wanted.Host, "HostSystem")
		if err == nil {
			v.usage.attachHost(host, pg.Key)
		}
		return host.Value, err
	}
	machines := v.resolve(wanted.Machine, "VirtualMachine")
	if wanted.Machine == "" || len(machines) == 0 {
		machine, err := v.createMachine(context.Background(), wanted.Machine, pg)
		return machine.Value, err
	}
	return machines[0].Value, v.reconfigureMachine(machines[0], v.newNIC(pg))
}

// detach takes the NICs of a VM, or of all, and the vmkernel ports of all hosts off a port group.
func (v *vcenter) detach(r *http.Request) (any, error) {
	wanted, pg, err := v.attachment(r)
	if err != nil {
		return nil, err
	}
	v.usage.detachHosts(pg.Key)
	count := 0
	for _, nic := range v.usage.of(pg.Key) {
		vm := v.registry().Get(nic.entity).(*simulator.VirtualMachine)
		if wanted.Machine != "" && vm.Name != wanted.Machine && vm.Self.Value != wanted.Machine {
			continue
		}
		for _, device := range vm.Config.Hardware.Device {
			if strconv.Itoa(int(device.GetVirtualDevice().Key)) == nic.nic {
				change := &types.VirtualDeviceConfigSpec{
					Operation: types.VirtualDeviceConfigSpecOperationRemove, Device: device}
				if err := v.reconfigureMachine(vm.Self, change); err != nil {
					return nil, err
				}
				count++
				break
			}
		}
	}
	return count, nil
}

// move puts a port group into a folder beside its own, which is made if it is not there.
func (v *vcenter) move(r *http.Request) (any, error) {
	var wanted struct {
		PortGroup string `json:"port_group"`
		Folder    string `json:"folder"`
	}
	if err := decode(r, &wanted); err != nil {
		return nil, err
	}
	reference, err := v.single(wanted.PortGroup, "DistributedVirtualPortgroup")
	if err != nil {
		return nil, err
	}
	pg := v.registry().Get(reference).(*simulator.DistributedVirtualPortgroup)
	from := v.registry().Get(*pg.Parent).(*simulator.Folder)
	made, err := v.subfolder(r.Context(), object.NewFolder(v.client(), from.Self), wanted.Folder)
	if err != nil {
		return nil, err
	}
	ctx := &simulator.Context{Context: r.Context(), Map: v.registry()}
	to := v.registry().Get(made.Reference()).(*simulator.Folder)
	v.registry().RemoveReference(ctx, from, &from.ChildEntity, reference)
	v.registry().AddReference(ctx, to, &to.ChildEntity, reference)
	ctx.WithLock(pg, func() {
		v.update(ctx, pg, []types.PropertyChange{{Name: "parent", Val: &to.Self}})
	})
	return v.path(reference), nil
}

func (v *vcenter) reconfigureMachine(machine types.ManagedObjectReference, change types.BaseVirtualDeviceConfigSpec) error {
	task, err := object.NewVirtualMachine(v.client(), machine).Reconfigure(context.Background(),
		types.VirtualMachineConfigSpec{DeviceChange: []types.BaseVirtualDeviceConfigSpec{change}})
	if err != nil {
		return err
	}
	_, err = v.result(task.Reference())
	return err
}

type portGroupInfo struct {
	Reference  string   `json:"reference"`
	Name       string   `json:"name"`
	Path       string   `json:"path"`
	Datacenter string   `json:"datacenter"`
	DCRef      string   `json:"datacenter_reference"`
	Switch     string   `json:"switch"`
	SwitchUUID string   `json:"switch_uuid"`
	VLAN       int32    `json:"vlan"` // -1: not a single one
	Version    string   `json:"version"`
	Uplink     bool     `json:"uplink"`
	Connected  []string `json:"connected"` // VMs and hosts
}

// portGroups lists them by reference, as numbers.
func (v *vcenter) portGroups() []portGroupInfo {
	infos := []portGroupInfo{}
	for _, each := range v.registry().All("DistributedVirtualPortgroup") {
		pg := each.(*simulator.DistributedVirtualPortgroup)
		info := portGroupInfo{
			Reference: pg.Self.Value, Name: pg.Name, Path: v.path(pg.Self), VLAN: vlanOf(pg),
			Version: pg.Config.ConfigVersion, Uplink: pg.Config.Uplink != nil && *pg.Config.Uplink,
			Connected: []string{},
		}
		if datacenter := v.datacenterOf(pg); datacenter != nil {
			info.Datacenter, info.DCRef = datacenter.Name, datacenter.Self.Value
		}
		if dvs := v.switchOf(pg); dvs != nil {
			info.Switch, info.SwitchUUID = dvs.Name, dvs.Uuid
		}
		for _, nic := range v.usage.of(pg.Key) {
			info.Connected = append(info.Connected, nic.entity.Value)
		}
		infos = append(infos, info)
	}
	sort.Slice(infos, func(i, j int) bool {
		a, b := infos[i].Reference, infos[j].Reference
		return len(a) < len(b) || len(a) == len(b) && a < b
	})
	return infos
}
