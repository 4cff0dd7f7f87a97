package main

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// portGroup answers the writes of a distributed port group. The simulator holds the lock of the
// embedded one while it calls a method here.
type portGroup struct {
	*simulator.DistributedVirtualPortgroup
	vcenter *vcenter
	call    *call
}

func (p *portGroup) ReconfigureDVPortgroupTask(
	ctx *simulator.Context, req *types.ReconfigureDVPortgroup_Task,
) soap.HasFault {
	if fault := p.vcenter.checkSpec(p.vcenter.switchOf(p.DistributedVirtualPortgroup), &req.Spec); fault != nil {
		return throw(fault)
	}
	return &methods.ReconfigureDVPortgroup_TaskBody{Res: &types.ReconfigureDVPortgroup_TaskResponse{
		Returnval: p.run(ctx, "reconfigureDvPortgroup", func() types.BaseMethodFault {
			return p.reconfigure(ctx, &req.Spec)
		})}}
}

func (p *portGroup) RenameTask(ctx *simulator.Context, req *types.Rename_Task) soap.HasFault {
	if fault := checkName(req.NewName); fault != nil && p.vcenter.rules.on(ruleValues) {
		return throw(fault)
	}
	return &methods.Rename_TaskBody{Res: &types.Rename_TaskResponse{
		Returnval: p.run(ctx, "rename", func() types.BaseMethodFault {
			return p.rename(ctx, req.NewName)
		})}}
}

func (p *portGroup) DestroyTask(ctx *simulator.Context, _ *types.Destroy_Task) soap.HasFault {
	return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{
		Returnval: p.run(ctx, "destroy", func() types.BaseMethodFault {
			if p.vcenter.rules.on(ruleInUse) && len(p.vcenter.usage.of(p.Key)) > 0 {
				return inUse(p.DistributedVirtualPortgroup)
			}
			p.vcenter.removePortGroup(ctx, p.DistributedVirtualPortgroup)
			return nil
		})}}
}

func (p *portGroup) run(
	ctx *simulator.Context, name string, effect func() types.BaseMethodFault,
) types.ManagedObjectReference {
	return p.vcenter.run(ctx, p.call, p.DistributedVirtualPortgroup, name,
		func() (types.AnyType, types.BaseMethodFault) { return nil, effect() })
}

func (p *portGroup) reconfigure(
	ctx *simulator.Context, spec *types.DVPortgroupConfigSpec,
) types.BaseMethodFault {
	v := p.vcenter
	if v.rules.on(ruleConfigVersion) && spec.ConfigVersion != p.Config.ConfigVersion {
		return &types.ConcurrentAccess{}
	}
	next := p.Config
	if v.rules.on(rulePartial) {
		merge(&next, spec)
	} else {
		overwrite(&next, spec)
	}
	fewer := next.NumPorts < p.Config.NumPorts
	if fewer && v.rules.on(ruleInUse) && int(next.NumPorts) < len(v.usage.of(p.Key)) {
		return inUse(p.DistributedVirtualPortgroup)
	}
	if v.rules.on(ruleRename) && spec.Name != "" && spec.Name != p.Name {
		if fault := p.rename(ctx, spec.Name); fault != nil {
			return fault
		}
		next.Name = p.Name
	}
	if v.rules.on(ruleConfigVersion) {
		next.ConfigVersion = following(p.Config.ConfigVersion)
	}
	changes := configChanges(&p.Config, &next)
	p.Config = next
	if v.rules.on(ruleUpdates) {
		v.update(ctx, p.DistributedVirtualPortgroup, changes)
	}
	return nil
}

// rename changes the entity's name and, unless the rule is off, the names in its configuration,
// its summary and its switch.
func (p *portGroup) rename(ctx *simulator.Context, name string) types.BaseMethodFault {
	v, pg := p.vcenter, p.DistributedVirtualPortgroup
	folder, _ := v.registry().Get(*pg.Parent).(*simulator.Folder)
	other := v.registry().FindByName(name, folder.ChildEntity)
	strict := v.rules.on(ruleRename)
	if other != nil && (!strict || other.Reference() != pg.Self) && pg.Config.BackingType != nsxBacking {
		if strict {
			return &types.DuplicateName{Name: name, Object: other.Reference()}
		}
		return &types.InvalidArgument{InvalidProperty: "name"}
	}
	old := pg.Name
	pg.Name, pg.Entity().Name = name, name
	changes := []types.PropertyChange{{Name: "name", Val: name}}
	if strict {
		next := pg.Config
		next.Name = name
		if v.rules.on(ruleConfigVersion) {
			next.ConfigVersion = following(pg.Config.ConfigVersion)
		}
		changes = append(changes, configChanges(&pg.Config, &next)...)
		pg.Config = next
		summary := &types.NetworkSummary{Network: &pg.Self, Name: name, Accessible: true}
		pg.Summary = summary
		changes = append(changes, types.PropertyChange{Name: "summary", Val: summary})
		p.renameInSwitch(ctx, old, name)
	}
	v.update(ctx, pg, changes)
	return nil
}

func (p *portGroup) renameInSwitch(ctx *simulator.Context, old, name string) {
	dvs := p.vcenter.switchOf(p.DistributedVirtualPortgroup)
	if dvs == nil {
		return
	}
	ctx.WithLock(dvs, func() {
		names := slices.Clone(dvs.Summary.PortgroupName)
		for i, each := range names {
			if each == old {
				names[i] = name
			}
		}
		p.vcenter.update(ctx, dvs, []types.PropertyChange{{Name: "summary.portgroupName", Val: names}})
	})
}

const nsxBacking = string(types.DistributedVirtualPortgroupBackingTypeNsx)

// merge changes what the spec sets; within the port settings, each setting that it has.
func merge(config *types.DVPortgroupConfigInfo, spec *types.DVPortgroupConfigSpec) {
	from, to := reflect.ValueOf(spec).Elem(), reflect.ValueOf(config).Elem()
	for i := range from.NumField() {
		name := from.Type().Field(i).Name
		target := to.FieldByName(name)
		switch {
		case name == "DynamicData" || name == "ConfigVersion" || name == "Name" || !target.IsValid():
		case from.Field(i).IsZero():
		case name == "DefaultPortConfig":
			config.DefaultPortConfig = mergeSetting(config.DefaultPortConfig, spec.DefaultPortConfig)
		default:
			target.Set(from.Field(i))
		}
	}
}

func mergeSetting(current, wanted types.BaseDVPortSetting) types.BaseDVPortSetting {
	old, ok := current.(*types.VMwareDVSPortSetting)
	changed, also := wanted.(*types.VMwareDVSPortSetting)
	if !ok || !also {
		return wanted
	}
	merged := *old
	setFields(reflect.ValueOf(&merged).Elem(), reflect.ValueOf(changed).Elem())
	return &merged
}

func setFields(to, from reflect.Value) {
	for i := range from.NumField() {
		switch {
		case from.Type().Field(i).Anonymous:
			setFields(to.Field(i), from.Field(i))
		case !from.Field(i).IsZero():
			to.Field(i).Set(from.Field(i))
		}
	}
}

// overwrite sets what the simulator alone sets, whether the spec has it or not.
func overwrite(config *types.DVPortgroupConfigInfo, spec *types.DVPortgroupConfigSpec) {
	config.DefaultPortConfig = spec.DefaultPortConfig
	config.NumPorts = spec.NumPorts
	config.AutoExpand = spec.AutoExpand
	config.Type = spec.Type
	config.Description = spec.Description
	config.Name = spec.Name
	config.Policy = spec.Policy
	config.PortNameFormat = spec.PortNameFormat
	config.VmVnicNetworkResourcePoolKey = spec.VmVnicNetworkResourcePoolKey
	config.LogicalSwitchUuid = spec.LogicalSwitchUuid
	config.SubnetId = spec.SubnetId
	config.BackingType = spec.BackingType
}

// configChanges lists the fields of the configuration that differ, as paths below "config".
func configChanges(old, next *types.DVPortgroupConfigInfo) []types.PropertyChange {
	var changes []types.PropertyChange
	before, after := reflect.ValueOf(old).Elem(), reflect.ValueOf(next).Elem()
	for i := range before.NumField() {
		if reflect.DeepEqual(before.Field(i).Interface(), after.Field(i).Interface()) {
			continue
		}
		name := before.Type().Field(i).Name
		value := after.Field(i)
		if kind := value.Kind(); (kind == reflect.Pointer || kind == reflect.Interface) && value.IsNil() {
			continue
		}
		if value.Kind() == reflect.Pointer {
			value = value.Elem()
		}
		changes = append(changes, types.PropertyChange{
			Name: "config." + strings.ToLower(name[:1]) + name[1:], Val: value.Interface()})
	}
	return changes
}

func following(version string) string {
	number, _ := strconv.Atoi(version)
	return strconv.Itoa(number + 1)
}

func inUse(entity mo.Entity) types.BaseMethodFault {
	return &types.ResourceInUse{Type: entity.Reference().Type, Name: nameOf(entity)}
}

// removePortGroup takes a port group out of its switch, its folder, its datacenter and the registry.
func (v *vcenter) removePortGroup(ctx *simulator.Context, pg *simulator.DistributedVirtualPortgroup) {
	if dvs := v.switchOf(pg); dvs != nil {
		ctx.WithLock(dvs, func() {
			remains := slices.DeleteFunc(slices.Clone(dvs.Portgroup),
				func(each types.ManagedObjectReference) bool { return each == pg.Self })
			names := slices.DeleteFunc(slices.Clone(dvs.Summary.PortgroupName),
				func(each string) bool { return each == pg.Name })
			v.update(ctx, dvs, []types.PropertyChange{
				{Name: "portgroup", Val: remains}, {Name: "summary.portgroupName", Val: names}})
		})
	}
	v.removeFromFolder(ctx, pg)
}

func (v *vcenter) removeFromFolder(ctx *simulator.Context, entity mo.Entity) {
	reference, datacenter := entity.Reference(), v.datacenterOf(entity)
	folder, _ := v.registry().Get(*entity.Entity().Parent).(*simulator.Folder)
	v.registry().Remove(ctx, reference)
	v.registry().RemoveReference(ctx, folder, &folder.ChildEntity, reference)
	if datacenter != nil {
		v.registry().RemoveReference(ctx, datacenter, &datacenter.Network, reference)
	}
}

// switchOf is nil when the switch is gone.
func (v *vcenter) switchOf(pg *simulator.DistributedVirtualPortgroup) *simulator.DistributedVirtualSwitch {
	dvs, _ := v.registry().Get(*pg.Config.DistributedVirtualSwitch).(*simulator.DistributedVirtualSwitch)
	return dvs
}
