package main

import (
	"slices"
	"strings"
	"sync"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	mayView = "System.View"
	mayRead = "System.Read"
)

// denial takes a privilege away from a user, on an object and, unless only, on what is below it.
type denial struct {
	ID        int                          `json:"id"`
	User      string                       `json:"user"` // "" is each
	Privilege string                       `json:"privilege"`
	Object    string                       `json:"object"` // reference, path or unique name; "" is the root
	Only      bool                         `json:"only"`   // not below the object
	reference types.ManagedObjectReference // of the object
}

type denialList struct {
	mu      sync.RWMutex
	denials []denial
	last    int
}

func (l *denialList) add(each denial) denial {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	each.ID = l.last
	l.denials = append(l.denials, each)
	return each
}

func (l *denialList) remove(id int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.denials)
	l.denials = slices.DeleteFunc(l.denials, func(each denial) bool { return id == 0 || each.ID == id })
	return before - len(l.denials)
}

func (l *denialList) all() []denial {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return append([]denial{}, l.denials...)
}

// of lists those that concern a user and any of these privileges.
func (l *denialList) of(user string, privileges ...string) []denial {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var concerned []denial
	for _, each := range l.denials {
		if (each.User == "" || each.User == user) && slices.Contains(privileges, each.Privilege) {
			concerned = append(concerned, each)
		}
	}
	return concerned
}

// denied says whether a user lacks a privilege on an object. It walks up: port groups are beside
// their switch, not below it.
func (v *vcenter) denied(user, privilege string, reference types.ManagedObjectReference) bool {
	if !v.rules.on(rulePrivileges) {
		return false
	}
	denials := v.denials.of(user, privilege)
	if len(denials) == 0 {
		return false
	}
	own := true
	for at := &reference; at != nil; at = v.parentOf(*at) {
		for _, each := range denials {
			if each.reference == *at && (own || !each.Only) {
				return true
			}
		}
		own = false
	}
	return false
}

type need struct {
	privilege string
	object    types.ManagedObjectReference
}

// refuse is the fault of a call that its user may not make.
func (v *vcenter) refuse(ctx *simulator.Context, method *simulator.Method) types.BaseMethodFault {
	for _, each := range v.needs(method) {
		if v.denied(ctx.Session.UserName, each.privilege, each.object) {
			return v.noPermission(each.privilege, each.object)
		}
	}
	return nil
}

func (v *vcenter) noPermission(privilege string, reference types.ManagedObjectReference) types.BaseMethodFault {
	fault := &types.NoPermission{Object: &reference, PrivilegeId: privilege}
	if major := v.about().ApiVersion; major[0] >= '8' {
		fault.MissingPrivileges = []types.NoPermissionEntityPrivileges{
			{Entity: reference, PrivilegeIds: []string{privilege}}}
	}
	return fault
}

func (v *vcenter) needs(method *simulator.Method) []need {
	this := method.This
	switch body := method.Body.(type) {
	case *types.AddDVPortgroup_Task, *types.CreateDVPortgroup_Task:
		return []need{{"DVPortgroup.Create", this}}
	case *types.ReconfigureDVPortgroup_Task:
		return needsOfSpec(this, &body.Spec)
	case *types.Rename_Task:
		return []need{{kindOf(this) + ".Modify", this}}
	case *types.Destroy_Task:
		needs := []need{{kindOf(this) + ".Delete", this}}
		if parent := v.parentOf(this); parent != nil {
			needs = append(needs, need{kindOf(this) + ".Delete", *parent})
		}
		return needs
	case *types.SetField:
		return []need{{"Global.SetCustomField", body.Entity}}
	case *types.AddCustomFieldDef, *types.RemoveCustomFieldDef, *types.RenameCustomFieldDef:
		return []need{{"Global.ManageCustomFields", v.root()}}
	case *types.TerminateSession:
		return []need{{"Sessions.TerminateSession", v.root()}}
	case *types.FetchDVPorts, *types.FetchDVPortKeys, *types.QueryUsedVlanIdInDvs, *types.LookupDvPortGroup:
		return []need{{mayView, this}, {mayRead, this}}
	}
	if method.Name == "Fetch" { // its type is the simulator's own
		if reference, ok := fetched(method.Body); ok {
			return []need{{mayView, reference}, {mayRead, reference}}
		}
	}
	return nil
}

// needsOfSpec: the policy needs PolicyOp, the scope ScopeOp, all else Modify.
func needsOfSpec(this types.ManagedObjectReference, spec *types.DVPortgroupConfigSpec) []need {
	var needs []need
	rest := *spec
	rest.ConfigVersion, rest.Policy, rest.Scope = "", nil, nil
	config := types.DVPortgroupConfigInfo{}
	merge(&config, &rest)
	if rest.Name != "" || len(configChanges(&types.DVPortgroupConfigInfo{}, &config)) > 0 {
		needs = append(needs, need{"DVPortgroup.Modify", this})
	}
	if spec.Policy != nil {
		needs = append(needs, need{"DVPortgroup.PolicyOp", this})
	}
	if len(spec.Scope) > 0 {
		needs = append(needs, need{"DVPortgroup.ScopeOp", this})
	}
	return needs
}

func kindOf(reference types.ManagedObjectReference) string {
	switch reference.Type {
	case "DistributedVirtualPortgroup":
		return "DVPortgroup"
	case "DistributedVirtualSwitch":
		return "DVSwitch"
	}
	return reference.Type
}

func (v *vcenter) root() types.ManagedObjectReference {
	return v.service.Context.Map.Get(serviceInstance).(*simulator.ServiceInstance).Content.RootFolder
}

// authorization answers which privileges somebody has.
type authorization struct {
	*simulator.AuthorizationManager
	vcenter *vcenter
}

func (a *authorization) granted(user, privilege string, reference types.ManagedObjectReference) bool {
	admin := object.AuthorizationRoleList(a.RoleList).ByName("Admin")
	return slices.Contains(admin.Privilege, privilege) && !a.vcenter.denied(user, privilege, reference)
}

func (a *authorization) check(
	user string, entities []types.ManagedObjectReference, privileges []string,
) []types.EntityPrivilege {
	var answers []types.EntityPrivilege
	for _, entity := range entities {
		answer := types.EntityPrivilege{Entity: entity}
		for _, privilege := range privileges {
			answer.PrivAvailability = append(answer.PrivAvailability, types.PrivilegeAvailability{
				PrivId: privilege, IsGranted: a.granted(user, privilege, entity)})
		}
		answers = append(answers, answer)
	}
	return answers
}

func (a *authorization) userOf(ctx *simulator.Context, key string) string {
	if key != ctx.Session.Key {
		for _, session := range a.vcenter.sessions() {
			if session.Key == key {
				return session.User
			}
		}
	}
	return ctx.Session.UserName
}

func (a *authorization) HasPrivilegeOnEntities(
	ctx *simulator.Context, req *types.HasPrivilegeOnEntities,
) soap.HasFault {
	return &methods.HasPrivilegeOnEntitiesBody{Res: &types.HasPrivilegeOnEntitiesResponse{
		Returnval: a.check(a.userOf(ctx, req.SessionId), req.Entity, req.PrivId)}}
}

func (a *authorization) HasPrivilegeOnEntity(
	ctx *simulator.Context, req *types.HasPrivilegeOnEntity,
) soap.HasFault {
	user := a.userOf(ctx, req.SessionId)
	response := &HasPrivilegeOnEntityResponse{}
	for _, privilege := range req.PrivId {
		response.Returnval = append(response.Returnval, a.granted(user, privilege, req.Entity))
	}
	return &hasPrivilegeBody{Res: response}
}

// HasPrivilegeOnEntityResponse has the name of the element. That of govmomi leaves out what is false.
type HasPrivilegeOnEntityResponse struct {
	Returnval []bool `xml:"returnval"`
}

type hasPrivilegeBody struct {
	Res *HasPrivilegeOnEntityResponse `xml:"HasPrivilegeOnEntityResponse,omitempty"`
}

func (*hasPrivilegeBody) Fault() *soap.Fault { return nil }

func (a *authorization) HasUserPrivilegeOnEntities(req *types.HasUserPrivilegeOnEntities) soap.HasFault {
	return &methods.HasUserPrivilegeOnEntitiesBody{Res: &types.HasUserPrivilegeOnEntitiesResponse{
		Returnval: a.check(req.UserName, req.Entities, req.PrivId)}}
}

func (a *authorization) FetchUserPrivilegeOnEntities(req *types.FetchUserPrivilegeOnEntities) soap.HasFault {
	response := &types.FetchUserPrivilegeOnEntitiesResponse{}
	for _, entity := range req.Entities {
		result := types.UserPrivilegeResult{Entity: entity}
		for _, privilege := range object.AuthorizationRoleList(a.RoleList).ByName("Admin").Privilege {
			if a.granted(req.UserName, privilege, entity) {
				result.Privileges = append(result.Privileges, privilege)
			}
		}
		response.Returnval = append(response.Returnval, result)
	}
	return &methods.FetchUserPrivilegeOnEntitiesBody{Res: response}
}

// searchIndex does not find what its user may not see.
type searchIndex struct {
	*simulator.SearchIndex
	vcenter *vcenter
}

func (s *searchIndex) FindByInventoryPath(ctx *simulator.Context, req *types.FindByInventoryPath) soap.HasFault {
	answer := s.SearchIndex.FindByInventoryPath(ctx, req)
	if body, ok := answer.(*methods.FindByInventoryPathBody); ok && body.Res != nil {
		body.Res.Returnval = s.seen(ctx, body.Res.Returnval)
	}
	return answer
}

func (s *searchIndex) FindChild(ctx *simulator.Context, req *types.FindChild) soap.HasFault {
	answer := s.SearchIndex.FindChild(ctx, req)
	if body, ok := answer.(*methods.FindChildBody); ok && body.Res != nil {
		body.Res.Returnval = s.seen(ctx, body.Res.Returnval)
	}
	return answer
}

func (s *searchIndex) seen(
	ctx *simulator.Context, reference *types.ManagedObjectReference,
) *types.ManagedObjectReference {
	if reference != nil && s.vcenter.denied(ctx.Session.UserName, mayView, *reference) {
		return nil
	}
	return reference
}

// resolve finds an object by its reference's value, by its path from the root ("/DC0/network/x"), or
// by a name that only it has.
func (v *vcenter) resolve(text string, kinds ...string) []types.ManagedObjectReference {
	if text == "" {
		return []types.ManagedObjectReference{v.root()}
	}
	var matching []types.ManagedObjectReference
	for _, entity := range v.registry().All("") {
		reference := entity.Reference()
		if len(kinds) > 0 && !slices.Contains(kinds, reference.Type) {
			continue
		}
		switch {
		case reference.Value == text:
			return []types.ManagedObjectReference{reference}
		case strings.HasPrefix(text, "/") && v.path(reference) == text, nameOf(entity) == text:
			matching = append(matching, reference)
		}
	}
	return matching
}

// path is the inventory path of an entity, without the name of the root folder.
func (v *vcenter) path(reference types.ManagedObjectReference) string {
	path := ""
	for at := &reference; at != nil && *at != v.root(); at = v.parentOf(*at) {
		if entity, ok := v.registry().Get(*at).(entity); ok {
			path = "/" + nameOf(entity) + path
		}
	}
	return path
}
