package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// switchWriter answers the writes of a distributed switch, under the lock of the embedded one.
type switchWriter struct {
	*simulator.DistributedVirtualSwitch
	vcenter *vcenter
	call    *call
}

// switchReader answers its queries. They take the locks of port groups, which are taken before that
// of the switch elsewhere, so they take none of the switch.
type switchReader struct {
	*simulator.DistributedVirtualSwitch
	vcenter *vcenter
}

func (*switchReader) Lock()   {}
func (*switchReader) Unlock() {}

// switchManager finds switches.
type switchManager struct {
	*simulator.DistributedVirtualSwitchManager
	vcenter *vcenter
}

func (v *vcenter) strictSwitch(dvs *simulator.DistributedVirtualSwitch, method string, c *call) mo.Reference {
	switch method {
	case "AddDVPortgroup_Task":
		return &switchWriter{dvs, v, c}
	case "CreateDVPortgroup_Task", "Rename_Task":
		if v.rules.on(ruleMissingMethods) {
			return &switchWriter{dvs, v, c}
		}
	case "Destroy_Task":
		if v.rules.on(ruleSwitchDestroy) {
			return &switchWriter{dvs, v, c}
		}
	case "FetchDVPorts":
		if v.rules.on(rulePorts) {
			return &switchReader{dvs, v}
		}
	case "FetchDVPortKeys", "LookupDvPortGroup", "QueryUsedVlanIdInDvs":
		if v.rules.on(ruleMissingMethods) {
			return &switchReader{dvs, v}
		}
	}
	return nil
}

func (s *switchWriter) AddDVPortgroupTask(ctx *simulator.Context, req *types.AddDVPortgroup_Task) soap.HasFault {
	for i := range req.Spec {
		if fault := s.checkNew(&req.Spec[i]); fault != nil {
			return throw(fault)
		}
	}
	return &methods.AddDVPortgroup_TaskBody{Res: &types.AddDVPortgroup_TaskResponse{
		Returnval: s.run(ctx, "addDVPortgroup", func() (types.AnyType, types.BaseMethodFault) {
			for _, spec := range req.Spec {
				if _, fault := s.create(ctx, spec); fault != nil {
					return nil, fault
				}
			}
			return nil, nil
		})}}
}

func (s *switchWriter) CreateDVPortgroupTask(ctx *simulator.Context, req *types.CreateDVPortgroup_Task) soap.HasFault {
	if fault := s.checkNew(&req.Spec); fault != nil {
		return throw(fault)
	}
	return &methods.CreateDVPortgroup_TaskBody{Res: &types.CreateDVPortgroup_TaskResponse{
		Returnval: s.run(ctx, "createDVPortgroup", func() (types.AnyType, types.BaseMethodFault) {
			pg, fault := s.create(ctx, req.Spec)
			if fault != nil {
				return nil, fault
			}
			return pg.Self, nil
		})}}
}

func (s *switchWriter) RenameTask(ctx *simulator.Context, req *types.Rename_Task) soap.HasFault {
	dvs := s.DistributedVirtualSwitch
	return &methods.Rename_TaskBody{Res: &types.Rename_TaskResponse{
		Returnval: s.run(ctx, "rename", func() (types.AnyType, types.BaseMethodFault) {
			folder, _ := s.vcenter.registry().Get(*dvs.Parent).(*simulator.Folder)
			other := s.vcenter.registry().FindByName(req.NewName, folder.ChildEntity)
			if other != nil && other.Reference() != dvs.Self {
				return nil, &types.DuplicateName{Name: req.NewName, Object: other.Reference()}
			}
			dvs.Name, dvs.Entity().Name = req.NewName, req.NewName
			dvs.Config.GetDVSConfigInfo().Name, dvs.Summary.Name = req.NewName, req.NewName
			s.vcenter.update(ctx, dvs, []types.PropertyChange{
				{Name: "name", Val: req.NewName}, {Name: "summary.name", Val: req.NewName}})
			return nil, nil
		})}}
}

// DestroyTask does not take the locks of the port groups that go along.
func (s *switchWriter) DestroyTask(ctx *simulator.Context, _ *types.Destroy_Task) soap.HasFault {
	v, dvs := s.vcenter, s.DistributedVirtualSwitch
	return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{
		Returnval: s.run(ctx, "destroy", func() (types.AnyType, types.BaseMethodFault) {
			for _, reference := range dvs.Portgroup {
				if len(v.usage.of(reference.Value)) > 0 {
					return nil, inUse(dvs)
				}
			}
			for _, reference := range slices.Clone(dvs.Portgroup) {
				if pg, ok := v.registry().Get(reference).(*simulator.DistributedVirtualPortgroup); ok {
					v.removePortGroup(ctx, pg)
				}
			}
			v.removeFromFolder(ctx, dvs)
			return nil, nil
		})}}
}

func (s *switchWriter) run(
	ctx *simulator.Context, name string, effect func() (types.AnyType, types.BaseMethodFault),
) types.ManagedObjectReference {
	return s.vcenter.run(ctx, s.call, s.DistributedVirtualSwitch, name, effect)
}

func (s *switchWriter) checkNew(spec *types.DVPortgroupConfigSpec) types.BaseMethodFault {
	if s.vcenter.rules.on(ruleValues) && spec.Name == "" {
		return checkName("")
	}
	return s.vcenter.checkSpec(s.DistributedVirtualSwitch, spec)
}

// create makes a port group unless its name is taken in the folder of the switch.
func (s *switchWriter) create(
	ctx *simulator.Context, spec types.DVPortgroupConfigSpec,
) (*simulator.DistributedVirtualPortgroup, types.BaseMethodFault) {
	v := s.vcenter
	folder, _ := v.registry().Get(*s.Parent).(*simulator.Folder)
	var made []*simulator.DistributedVirtualPortgroup
	var fault types.BaseMethodFault
	ctx.WithLock(folder, func() {
		other := v.registry().FindByName(spec.Name, folder.ChildEntity)
		if other != nil && spec.BackingType != nsxBacking && !strings.HasPrefix(spec.Name, "NSX-") {
			fault = &types.DuplicateName{Name: spec.Name, Object: other.Reference()}
			return
		}
		made = v.createPortGroups(ctx, s.DistributedVirtualSwitch, []types.DVPortgroupConfigSpec{spec})
	})
	if fault != nil {
		return nil, fault
	}
	return made[0], nil
}

// createPortGroups makes port groups without asking. Each is whole before anybody can see it.
func (v *vcenter) createPortGroups(
	ctx *simulator.Context, dvs *simulator.DistributedVirtualSwitch, specs []types.DVPortgroupConfigSpec,
) []*simulator.DistributedVirtualPortgroup {
	folder, _ := v.registry().Get(*dvs.Parent).(*simulator.Folder)
	datacenter := v.datacenterOf(dvs)
	var made []*simulator.DistributedVirtualPortgroup
	references, names := slices.Clone(dvs.Portgroup), slices.Clone(dvs.Summary.PortgroupName)
	for _, spec := range specs {
		pg := &simulator.DistributedVirtualPortgroup{}
		pg.Name, pg.Entity().Name = spec.Name, spec.Name
		v.registry().NewEntity(pg)
		pg.Key, pg.Host = pg.Self.Value, slices.Clone(dvs.Summary.HostMember)
		pg.Summary = &types.NetworkSummary{Network: &pg.Self, Name: pg.Name, Accessible: true}
		pg.Config = newConfig(dvs, pg.Key, &spec)
		if v.rules.on(ruleConfigVersion) {
			pg.Config.ConfigVersion = "1"
		} else {
			pg.Config.ConfigVersion = spec.ConfigVersion
		}
		for number := range int(spec.NumPorts) {
			pg.PortKeys = append(pg.PortKeys, portKey(pg.Key, number))
		}
		ctx.WithLock(folder, func() {
			folder.ChildEntity = append(folder.ChildEntity, pg.Self)
			v.registry().PutEntity(folder, pg)
		})
		made = append(made, pg)
		references, names = append(references, pg.Self), append(names, pg.Name)
	}
	added := references[len(references)-len(made):]
	v.registry().AppendReference(ctx, datacenter, &datacenter.Network, added...)
	for _, reference := range dvs.Summary.HostMember {
		if host, ok := v.registry().Get(reference).(*simulator.HostSystem); ok {
			v.registry().AppendReference(ctx, host, &host.Network, added...)
		}
	}
	v.update(ctx, dvs, []types.PropertyChange{
		{Name: "portgroup", Val: references}, {Name: "summary.portgroupName", Val: names}})
	return made
}

func newConfig(
	dvs *simulator.DistributedVirtualSwitch, key string, spec *types.DVPortgroupConfigSpec,
) types.DVPortgroupConfigInfo {
	config := types.DVPortgroupConfigInfo{Key: key, Name: spec.Name, DistributedVirtualSwitch: &dvs.Self}
	merge(&config, spec)
	if config.Type == "" {
		config.Type = bindings[0]
	}
	inherited := types.InheritablePolicy{Inherited: true}
	setting := &types.VMwareDVSPortSetting{
		Vlan: &types.VmwareDistributedVirtualSwitchVlanIdSpec{
			VmwareDistributedVirtualSwitchVlanSpec: types.VmwareDistributedVirtualSwitchVlanSpec{
				InheritablePolicy: inherited}},
		UplinkTeamingPolicy: &types.VmwareUplinkPortTeamingPolicy{
			InheritablePolicy: inherited,
			Policy:            &types.StringPolicy{InheritablePolicy: inherited, Value: "loadbalance_srcid"},
			NotifySwitches:    &types.BoolPolicy{InheritablePolicy: inherited, Value: types.NewBool(true)},
			RollingOrder:      &types.BoolPolicy{InheritablePolicy: inherited, Value: types.NewBool(false)},
		},
		MacManagementPolicy: &types.DVSMacManagementPolicy{
			InheritablePolicy: inherited, AllowPromiscuous: types.NewBool(false),
			MacChanges: types.NewBool(false), ForgedTransmits: types.NewBool(false),
		},
	}
	config.DefaultPortConfig = mergeSetting(setting, setting)
	if spec.DefaultPortConfig != nil {
		config.DefaultPortConfig = mergeSetting(setting, spec.DefaultPortConfig)
	}
	if config.Policy == nil {
		config.Policy = &types.VMwareDVSPortgroupPolicy{DVPortgroupPolicy: types.DVPortgroupPolicy{
			BlockOverrideAllowed: true, PortConfigResetAtDisconnect: true}}
	}
	return config
}

// portKey is unique on the switch.
func portKey(key string, number int) string {
	group, _ := strconv.Atoi(strings.TrimPrefix(key, "dvportgroup-"))
	return strconv.Itoa(group*10000 + number)
}

func (s *switchReader) FetchDVPorts(ctx *simulator.Context, req *types.FetchDVPorts) soap.HasFault {
	return &methods.FetchDVPortsBody{Res: &types.FetchDVPortsResponse{
		Returnval: s.ports(ctx, req.Criteria)}}
}

func (s *switchReader) FetchDVPortKeys(ctx *simulator.Context, req *types.FetchDVPortKeys) soap.HasFault {
	response := &types.FetchDVPortKeysResponse{}
	for _, port := range s.ports(ctx, req.Criteria) {
		response.Returnval = append(response.Returnval, port.Key)
	}
	return &methods.FetchDVPortKeysBody{Res: response}
}

func (s *switchReader) LookupDvPortGroup(ctx *simulator.Context, req *types.LookupDvPortGroup) soap.HasFault {
	for _, reference := range s.members(ctx) {
		if reference.Value == req.PortgroupKey {
			return &methods.LookupDvPortGroupBody{Res: &types.LookupDvPortGroupResponse{Returnval: &reference}}
		}
	}
	return throw(&types.NotFound{})
}

// QueryUsedVlanIdInDvs lists single VLANs; private ones and trunks do not count.
func (s *switchReader) QueryUsedVlanIdInDvs(ctx *simulator.Context, _ *types.QueryUsedVlanIdInDvs) soap.HasFault {
	response := &types.QueryUsedVlanIdInDvsResponse{}
	s.each(ctx, func(pg *simulator.DistributedVirtualPortgroup) {
		id := vlanOf(pg)
		if id > 0 && !slices.Contains(response.Returnval, id) {
			response.Returnval = append(response.Returnval, id)
		}
	})
	slices.Sort(response.Returnval)
	return &methods.QueryUsedVlanIdInDvsBody{Res: response}
}

func (m *switchManager) QueryDvsByUuid(req *types.QueryDvsByUuid) soap.HasFault {
	for _, each := range m.vcenter.registry().All("DistributedVirtualSwitch") {
		if dvs := each.(*simulator.DistributedVirtualSwitch); dvs.Uuid == req.Uuid {
			return &methods.QueryDvsByUuidBody{Res: &types.QueryDvsByUuidResponse{Returnval: &dvs.Self}}
		}
	}
	return throw(&types.NotFound{})
}

// members lists the port groups; the lock of the switch is free again afterwards.
func (s *switchReader) members(ctx *simulator.Context) []types.ManagedObjectReference {
	var references []types.ManagedObjectReference
	ctx.WithLock(s.DistributedVirtualSwitch, func() { references = slices.Clone(s.Portgroup) })
	return references
}

func (s *switchReader) each(ctx *simulator.Context, visit func(*simulator.DistributedVirtualPortgroup)) {
	for _, reference := range s.members(ctx) {
		if pg, ok := s.vcenter.registry().Get(reference).(*simulator.DistributedVirtualPortgroup); ok {
			ctx.WithLock(pg, func() { visit(pg) })
		}
	}
}

// ports lists what fits the criteria portgroupKey with inside, portKey, connected and uplinkPort.
func (s *switchReader) ports(
	ctx *simulator.Context, criteria *types.DistributedVirtualSwitchPortCriteria,
) []types.DistributedVirtualPort {
	if criteria == nil {
		criteria = &types.DistributedVirtualSwitchPortCriteria{}
	}
	var ports []types.DistributedVirtualPort
	s.each(ctx, func(pg *simulator.DistributedVirtualPortgroup) {
		uplink := pg.Config.Uplink != nil && *pg.Config.Uplink
		inside := criteria.Inside == nil || *criteria.Inside
		if len(criteria.PortgroupKey) > 0 && slices.Contains(criteria.PortgroupKey, pg.Key) != inside ||
			criteria.UplinkPort != nil && *criteria.UplinkPort != uplink {
			return
		}
		ports = append(ports, s.portsOf(pg, criteria)...)
	})
	return ports
}

func (s *switchReader) portsOf(
	pg *simulator.DistributedVirtualPortgroup, criteria *types.DistributedVirtualSwitchPortCriteria,
) []types.DistributedVirtualPort {
	connected := s.vcenter.usage.of(pg.Key)
	var ports []types.DistributedVirtualPort
	for number := range max(int(pg.Config.NumPorts), len(connected)) {
		port := types.DistributedVirtualPort{
			Key: portKey(pg.Key, number), DvsUuid: s.Uuid, PortgroupKey: pg.Key,
			Config:           types.DVPortConfigInfo{Setting: pg.Config.DefaultPortConfig},
			LastStatusChange: time.Unix(0, 0).UTC(),
		}
		if number < len(connected) {
			nic := connected[number]
			port.Connectee = &types.DistributedVirtualSwitchPortConnectee{
				ConnectedEntity: &nic.entity, NicKey: nic.nic, Type: nic.kind}
		}
		if criteria.Connected != nil && *criteria.Connected != (port.Connectee != nil) ||
			len(criteria.PortKey) > 0 && !slices.Contains(criteria.PortKey, port.Key) {
			continue
		}
		ports = append(ports, port)
	}
	return ports
}

// vlanOf is the single VLAN of a port group; -1 for trunks and private VLANs.
func vlanOf(pg *simulator.DistributedVirtualPortgroup) int32 {
	if setting, ok := pg.Config.DefaultPortConfig.(*types.VMwareDVSPortSetting); ok {
		if vlan, ok := setting.Vlan.(*types.VmwareDistributedVirtualSwitchVlanIdSpec); ok {
			return vlan.VlanId
		}
	}
	return -1
}
