package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const store = "store"

// build makes the inventory in an empty vCenter. The order decides the references: the same
// inventory has the same ones after each start and reset.
func (v *vcenter) build(wanted inventory) error {
	client := v.client()
	folders := map[string]*object.Folder{"": object.NewRootFolder(client)}
	for _, spec := range wanted.Datacenters {
		if folders[spec.Folder] == nil {
			folder, err := folders[""].CreateFolder(context.Background(), spec.Folder)
			if err != nil {
				return err
			}
			folders[spec.Folder] = folder
		}
		if err := v.buildDatacenter(client, folders[spec.Folder], spec); err != nil {
			return fmt.Errorf("datacenter %s: %w", spec.Name, err)
		}
	}
	return nil
}

func (v *vcenter) buildDatacenter(c *vim25.Client, parent *object.Folder, spec datacenterSpec) error {
	ctx := context.Background()
	datacenter, err := parent.CreateDatacenter(ctx, spec.Name)
	if err != nil {
		return err
	}
	folders, err := datacenter.Folders(ctx)
	if err != nil {
		return err
	}
	hosts, err := v.buildHosts(ctx, folders.HostFolder, spec)
	if err != nil {
		return err
	}
	groups := map[string]*simulator.DistributedVirtualPortgroup{}
	for _, each := range spec.Switches {
		if err := v.buildSwitch(ctx, folders.NetworkFolder, hosts, each, groups); err != nil {
			return fmt.Errorf("switch %s: %w", each.Name, err)
		}
	}
	for _, each := range spec.Machines {
		group := groups[each.PortGroup]
		if group == nil {
			return fmt.Errorf("machine %s: no port group %q", each.Name, each.PortGroup)
		}
		if _, err := v.createMachine(ctx, each.Name, group); err != nil {
			return fmt.Errorf("machine %s: %w", each.Name, err)
		}
	}
	return nil
}

func (v *vcenter) buildHosts(
	ctx context.Context, folder *object.Folder, spec datacenterSpec,
) ([]types.ManagedObjectReference, error) {
	var hosts []types.ManagedObjectReference
	path, err := os.MkdirTemp(v.folder, "dc-")
	if err != nil {
		return nil, err
	}
	for number := range spec.Hosts {
		name := fmt.Sprintf("%s-host%d", spec.Name, number)
		task, err := folder.AddStandaloneHost(
			ctx, types.HostConnectSpec{HostName: name}, true, nil, nil)
		if err != nil {
			return nil, err
		}
		result, err := v.result(task.Reference())
		if err != nil {
			return nil, err
		}
		resource := v.registry().Get(result.(types.ManagedObjectReference))
		reference := resource.Reference()
		if compute, ok := resource.(*mo.ComputeResource); ok {
			reference = compute.Host[0]
		}
		host := object.NewHostSystem(folder.Client(), reference)
		datastores, err := host.ConfigManager().DatastoreSystem(ctx)
		if err != nil {
			return nil, err
		}
		if _, err = datastores.CreateLocalDatastore(ctx, store, path); err != nil {
			return nil, err
		}
		hosts = append(hosts, reference)
	}
	return hosts, nil
}

func (v *vcenter) buildSwitch(
	ctx context.Context, folder *object.Folder, hosts []types.ManagedObjectReference, spec switchSpec,
	groups map[string]*simulator.DistributedVirtualPortgroup,
) error {
	if spec.Folder != "" {
		var err error
		if folder, err = v.subfolder(ctx, folder, spec.Folder); err != nil {
			return err
		}
	}
	config := &types.VMwareDVSConfigSpec{MaxMtu: spec.MTU}
	config.Name = spec.Name
	config.UplinkPortPolicy = &types.DVSNameArrayUplinkPortPolicy{UplinkPortName: spec.Uplinks}
	task, err := folder.CreateDVS(ctx, types.DVSCreateSpec{ConfigSpec: config})
	if err != nil {
		return err
	}
	result, err := v.result(task.Reference())
	if err != nil {
		return err
	}
	dvs := v.registry().Get(result.(types.ManagedObjectReference)).(*simulator.DistributedVirtualSwitch)
	if err := v.awaitUplinks(dvs); err != nil {
		return err
	}
	v.identify(dvs, spec)
	member := &types.DVSConfigSpec{}
	for _, host := range hosts {
		member.Host = append(member.Host, types.DistributedVirtualSwitchHostMemberConfigSpec{
			Operation: string(types.ConfigSpecOperationAdd), Host: host})
	}
	task, err = object.NewDistributedVirtualSwitch(folder.Client(), dvs.Self).Reconfigure(ctx, member)
	if err != nil {
		return err
	}
	if _, err = v.result(task.Reference()); err != nil {
		return err
	}
	dvs.Config.GetDVSConfigInfo().ExtensionKey = spec.ExtensionKey
	for _, pg := range v.createPortGroups(v.own, dvs, v.portGroupSpecs(spec)) {
		groups[pg.Name] = pg
	}
	return nil
}

// awaitUplinks waits for the uplink port group, which the simulator makes in a task of its own.
func (v *vcenter) awaitUplinks(dvs *simulator.DistributedVirtualSwitch) error {
	for _, each := range v.registry().AllReference("Task") {
		task := each.(*simulator.Task)
		if task.Info.Entity != nil && *task.Info.Entity == dvs.Self {
			if _, err := v.result(task.Self); err != nil {
				return err
			}
		}
	}
	if len(dvs.Portgroup) != 1 {
		return fmt.Errorf("no uplink port group")
	}
	return nil
}

// result waits for the end of a task of our own. Waits of collectors take 20 ms each; this does not.
func (v *vcenter) result(reference types.ManagedObjectReference) (types.AnyType, error) {
	task := v.registry().Get(reference).(*simulator.Task)
	watcher := &simulator.Context{Map: v.registry()} // another one's: the task holds locks for us
	for {
		var info types.TaskInfo
		watcher.WithLock(task, func() { info = task.Info })
		switch info.State {
		case types.TaskInfoStateSuccess:
			return info.Result, nil
		case types.TaskInfoStateError:
			return nil, fmt.Errorf("%T", info.Error.Fault)
		}
		time.Sleep(100 * time.Microsecond)
	}
}

func (v *vcenter) subfolder(ctx context.Context, parent *object.Folder, name string) (*object.Folder, error) {
	siblings := v.registry().Get(parent.Reference()).(*simulator.Folder).ChildEntity
	if child := v.registry().FindByName(name, siblings); child != nil {
		return object.NewFolder(parent.Client(), child.Reference()), nil
	}
	return parent.CreateFolder(ctx, name)
}

// identify gives a switch what the simulator leaves out: a UUID of its own, private VLANs, versions,
// and the marks of its uplink port group.
func (v *vcenter) identify(dvs *simulator.DistributedVirtualSwitch, spec switchSpec) {
	config := dvs.Config.(*types.VMwareDVSConfigInfo)
	if v.rules.on(ruleSwitchUUID) {
		id := uuid.NewSHA1(uuid.NameSpaceOID, []byte(v.about().InstanceUuid+dvs.Self.Value))
		text := strings.ReplaceAll(id.String(), "-", "") // as vCenter writes it: bytes, one dash
		var pairs []string
		for i := 0; i < len(text); i += 2 {
			pairs = append(pairs, text[i:i+2])
		}
		dvs.Uuid = strings.Join(pairs[:8], " ") + "-" + strings.Join(pairs[8:], " ")
		dvs.Summary.Uuid, config.Uuid = dvs.Uuid, dvs.Uuid
	}
	for i, id := range spec.PrivateVLANs {
		entry := types.VMwareDVSPvlanMapEntry{
			PrimaryVlanId: spec.PrivateVLANs[0], SecondaryVlanId: id, PvlanType: "isolated"}
		if i == 0 {
			entry.PvlanType = "promiscuous"
		}
		config.PvlanConfig = append(config.PvlanConfig, entry)
	}
	uplinks := v.registry().Get(dvs.Portgroup[0]).(*simulator.DistributedVirtualPortgroup)
	if v.rules.on(ruleConfigVersion) {
		config.ConfigVersion, uplinks.Config.ConfigVersion = "1", "1"
	}
	if v.rules.on(ruleMarkers) {
		uplinks.Config.Uplink = types.NewBool(true)
		uplinks.Tag = []types.Tag{{Key: "SYSTEM/DVS.UPLINKPG"}}
		config.UplinkPortgroup = []types.ManagedObjectReference{uplinks.Self}
	}
}

func (v *vcenter) portGroupSpecs(spec switchSpec) []types.DVPortgroupConfigSpec {
	var specs []types.DVPortgroupConfigSpec
	add := func(each portGroupSpec) {
		wanted := types.DVPortgroupConfigSpec{
			Name: each.Name, NumPorts: each.Ports, AutoExpand: types.NewBool(true),
			Type: string(types.DistributedVirtualPortgroupPortgroupTypeEarlyBinding),
			DefaultPortConfig: &types.VMwareDVSPortSetting{
				Vlan: &types.VmwareDistributedVirtualSwitchVlanIdSpec{VlanId: each.VLAN}},
		}
		if each.NSX {
			wanted.BackingType = string(types.DistributedVirtualPortgroupBackingTypeNsx)
			wanted.LogicalSwitchUuid = uuid.NewSHA1(uuid.NameSpaceOID, []byte(each.Name)).String()
			wanted.SegmentId = "/infra/segments/" + each.Name
		}
		specs = append(specs, wanted)
	}
	for _, each := range spec.PortGroups {
		add(each)
	}
	for number := range spec.More {
		add(portGroupSpec{Name: spec.Name + "-pg-" + strconv.Itoa(number), VLAN: int32(number % 4095)})
	}
	return specs
}

// createMachine makes a VM without disks, with a NIC on the port group.
func (v *vcenter) createMachine(
	ctx context.Context, name string, pg *simulator.DistributedVirtualPortgroup,
) (types.ManagedObjectReference, error) {
	client := v.client()
	datacenter := v.datacenterOf(pg)
	var pool, host types.ManagedObjectReference
	for _, each := range v.registry().All("HostSystem") {
		system := each.(*simulator.HostSystem)
		if v.datacenterOf(system).Self == datacenter.Self && (host.Value == "" || system.Self.Value < host.Value) {
			host = system.Self
			pool = *v.registry().Get(*system.HostSystem.Parent).(*mo.ComputeResource).ResourcePool
		}
	}
	if host.Value == "" {
		return host, fmt.Errorf("datacenter %s has no host", datacenter.Name)
	}
	spec := types.VirtualMachineConfigSpec{
		Name: name, GuestId: string(types.VirtualMachineGuestOsIdentifierOtherGuest),
		Files:        &types.VirtualMachineFileInfo{VmPathName: "[" + store + "]"},
		DeviceChange: []types.BaseVirtualDeviceConfigSpec{v.newNIC(pg)},
	}
	task, err := object.NewFolder(client, datacenter.VmFolder).CreateVM(
		ctx, spec, object.NewResourcePool(client, pool), object.NewHostSystem(client, host))
	if err != nil {
		return host, err
	}
	result, err := v.result(task.Reference())
	if err != nil {
		return host, err
	}
	return result.(types.ManagedObjectReference), nil
}

func (v *vcenter) newNIC(pg *simulator.DistributedVirtualPortgroup) *types.VirtualDeviceConfigSpec {
	dvs := v.registry().Get(*pg.Config.DistributedVirtualSwitch).(*simulator.DistributedVirtualSwitch)
	card := &types.VirtualVmxnet3{}
	card.Key = -1
	card.Backing = &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{
		Port: types.DistributedVirtualSwitchPortConnection{PortgroupKey: pg.Key, SwitchUuid: dvs.Uuid}}
	return &types.VirtualDeviceConfigSpec{
		Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: card}
}

// parentOf is nil for the root folder and for what no longer exists.
func (v *vcenter) parentOf(reference types.ManagedObjectReference) *types.ManagedObjectReference {
	entity, ok := v.registry().Get(reference).(mo.Entity)
	if !ok {
		return nil
	}
	return entity.Entity().Parent
}

func (v *vcenter) datacenterOf(entity mo.Reference) *simulator.Datacenter {
	reference := entity.Reference()
	for parent := v.parentOf(reference); parent != nil; parent = v.parentOf(*parent) {
		if datacenter, ok := v.registry().Get(*parent).(*simulator.Datacenter); ok {
			return datacenter
		}
	}
	return nil
}
