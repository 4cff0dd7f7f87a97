package main

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	kindVM       = "vmVnic"
	kindVMKernel = "hostVmkVnic"
)

// connectee is a NIC of a VM or a host on a port group.
type connectee struct {
	key    string // of the port group
	entity types.ManagedObjectReference
	nic    string
	kind   string
}

// usage knows who is connected to which port group. The simulator tells it of each VM that changes.
// Its lock is the innermost: nobody waits for another one while holding it.
type usage struct {
	vcenter *vcenter
	mu      sync.Mutex
	nics    map[types.ManagedObjectReference][]connectee // by VM or host
}

func newUsage(v *vcenter) *usage {
	return &usage{vcenter: v, nics: map[types.ManagedObjectReference][]connectee{}}
}

// Reference makes it a listener of the registry.
func (u *usage) Reference() types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: "Usage", Value: "usage"}
}

func (u *usage) PutObject(*simulator.Context, mo.Reference) {}

func (u *usage) UpdateObject(ctx *simulator.Context, object mo.Reference, changes []types.PropertyChange) {
	vm, ok := object.(*mo.VirtualMachine)
	if !ok || vm.Config == nil || !slices.ContainsFunc(changes, func(change types.PropertyChange) bool {
		return change.Name == "config.hardware.device"
	}) {
		return
	}
	var nics []connectee
	for _, device := range vm.Config.Hardware.Device {
		backing, ok := device.GetVirtualDevice().Backing.(*types.VirtualEthernetCardDistributedVirtualPortBackingInfo)
		if ok {
			nics = append(nics, connectee{backing.Port.PortgroupKey, vm.Self,
				strconv.Itoa(int(device.GetVirtualDevice().Key)), kindVM})
		}
	}
	u.set(ctx, vm.Self, nics)
}

func (u *usage) RemoveObject(ctx *simulator.Context, reference types.ManagedObjectReference) {
	if reference.Type == "VirtualMachine" {
		u.set(ctx, reference, nil)
	}
}

// set replaces the NICs of a VM or host, and the property vm of the port groups concerned.
func (u *usage) set(ctx *simulator.Context, entity types.ManagedObjectReference, nics []connectee) {
	u.mu.Lock()
	keys := map[string]bool{}
	for _, nic := range append(slices.Clone(u.nics[entity]), nics...) {
		keys[nic.key] = true
	}
	if len(nics) == 0 {
		delete(u.nics, entity)
	} else {
		u.nics[entity] = nics
	}
	u.mu.Unlock()
	for key := range keys {
		u.publish(ctx, key)
	}
}

// portsMore is by how many ports an elastic port group grows.
const portsMore = 8

// publish fills the property vm of a port group, and lets it grow.
func (u *usage) publish(ctx *simulator.Context, key string) {
	pg, ok := u.vcenter.registry().Get(portGroupReference(key)).(*simulator.DistributedVirtualPortgroup)
	if !ok {
		return
	}
	ctx.WithLock(pg, func() {
		vms := []types.ManagedObjectReference{}
		connected := u.of(key)
		for _, nic := range connected {
			if nic.kind == kindVM && !slices.Contains(vms, nic.entity) {
				vms = append(vms, nic.entity)
			}
		}
		if u.vcenter.rules.on(ruleElastic) && pg.Config.AutoExpand != nil && *pg.Config.AutoExpand {
			for int(pg.Config.NumPorts) < len(connected) {
				pg.Config.NumPorts += portsMore
			}
		}
		if !u.vcenter.rules.on(ruleUsedBy) {
			return
		}
		if !slices.Equal(vms, pg.Vm) {
			u.vcenter.update(ctx, pg, []types.PropertyChange{{Name: "vm", Val: vms}})
		}
	})
}

// of lists who is connected to a port group, in an order that stays.
func (u *usage) of(key string) []connectee {
	u.mu.Lock()
	defer u.mu.Unlock()
	var connected []connectee
	for _, nics := range u.nics {
		for _, nic := range nics {
			if nic.key == key {
				connected = append(connected, nic)
			}
		}
	}
	sort.Slice(connected, func(i, j int) bool {
		a, b := connected[i], connected[j]
		return a.entity.Value+"/"+a.nic < b.entity.Value+"/"+b.nic
	})
	return connected
}

// attachHost connects a vmkernel port of a host; detachHost takes all of them off the port group.
func (u *usage) attachHost(host types.ManagedObjectReference, key string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	nic := fmt.Sprintf("vmk%d", len(u.nics[host]))
	u.nics[host] = append(u.nics[host], connectee{key, host, nic, kindVMKernel})
}

func (u *usage) detachHosts(key string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for entity, nics := range u.nics {
		u.nics[entity] = slices.DeleteFunc(nics, func(nic connectee) bool {
			return nic.key == key && nic.kind == kindVMKernel
		})
	}
}

func portGroupReference(key string) types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: "DistributedVirtualPortgroup", Value: key}
}
