package main

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	longestName = 80
	highestVLAN = 4094
)

var bindings = []string{"earlyBinding", "lateBinding", "ephemeral"}

func checkName(name string) types.BaseMethodFault {
	if length := utf8.RuneCountInString(name); length == 0 || length > longestName {
		return &types.InvalidName{Name: name}
	}
	return nil
}

// checkSpec finds what a real vCenter refuses in what the spec sets.
func (v *vcenter) checkSpec(
	dvs *simulator.DistributedVirtualSwitch, spec *types.DVPortgroupConfigSpec,
) types.BaseMethodFault {
	if dvs == nil {
		return nil
	}
	if v.rules.on(ruleExtension) && dvs.Config.GetDVSConfigInfo().ExtensionKey != "" {
		return &types.DvsNotAuthorized{DvsFault: types.DvsFault{},
			SessionExtensionKey: "", DvsExtensionKey: dvs.Config.GetDVSConfigInfo().ExtensionKey}
	}
	if !v.rules.on(ruleValues) {
		return nil
	}
	if spec.Name != "" {
		if fault := checkName(spec.Name); fault != nil {
			return fault
		}
	}
	if spec.Type != "" && !slices.Contains(bindings, spec.Type) {
		return invalid("type")
	}
	setting, ok := spec.DefaultPortConfig.(*types.VMwareDVSPortSetting)
	if !ok {
		return nil
	}
	if !validVLAN(dvs, setting.Vlan) {
		return invalid("defaultPortConfig.vlan")
	}
	if fault := checkUplinks(dvs, setting.UplinkTeamingPolicy); fault != nil {
		return fault
	}
	return nil
}

func validVLAN(dvs *simulator.DistributedVirtualSwitch, vlan types.BaseVmwareDistributedVirtualSwitchVlanSpec) bool {
	switch each := vlan.(type) {
	case *types.VmwareDistributedVirtualSwitchVlanIdSpec:
		return each.VlanId >= 0 && each.VlanId <= highestVLAN
	case *types.VmwareDistributedVirtualSwitchTrunkVlanSpec:
		return !slices.ContainsFunc(each.VlanId, func(part types.NumericRange) bool {
			return part.Start < 0 || part.End > highestVLAN || part.Start > part.End
		})
	case *types.VmwareDistributedVirtualSwitchPvlanSpec:
		config, _ := dvs.Config.(*types.VMwareDVSConfigInfo)
		return slices.ContainsFunc(config.PvlanConfig, func(entry types.VMwareDVSPvlanMapEntry) bool {
			return entry.SecondaryVlanId == each.PvlanId
		})
	}
	return true
}

func checkUplinks(
	dvs *simulator.DistributedVirtualSwitch, teaming *types.VmwareUplinkPortTeamingPolicy,
) types.BaseMethodFault {
	if teaming == nil || teaming.UplinkPortOrder == nil {
		return nil
	}
	config, _ := dvs.Config.(*types.VMwareDVSConfigInfo)
	var known []string
	if policy, ok := config.UplinkPortPolicy.(*types.DVSNameArrayUplinkPortPolicy); ok {
		known = append(known, policy.UplinkPortName...)
	}
	for _, group := range config.LacpGroupConfig {
		known = append(known, group.Name)
	}
	order := teaming.UplinkPortOrder
	for _, name := range append(slices.Clone(order.ActiveUplinkPort), order.StandbyUplinkPort...) {
		if !slices.Contains(known, name) {
			return invalid(fmt.Sprintf("uplinkPortOrder: %s", name))
		}
	}
	return nil
}

func invalid(property string) types.BaseMethodFault {
	return &types.InvalidArgument{InvalidProperty: property}
}
