package main

import (
	"context"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

type entity = mo.Entity

var serviceInstance = vim25.ServiceInstance

const cancelEvery = 20 * time.Millisecond

// collector answers the reads of a property collector: nothing that the user may not see, and a wait
// ends with its caller or its session.
type collector struct {
	*simulator.PropertyCollector
	vcenter *vcenter
	call    *call
}

func (v *vcenter) strictCollector(
	ctx *simulator.Context, object *simulator.PropertyCollector, method string, c *call,
) mo.Reference {
	switch method {
	case "WaitForUpdatesEx", "WaitForUpdates":
		return &collector{object, v, c}
	case "RetrievePropertiesEx", "RetrieveProperties", "ContinueRetrievePropertiesEx":
		if v.rules.on(rulePrivileges) && len(v.denials.of(ctx.Session.UserName, mayView, mayRead)) > 0 {
			return &collector{object, v, c}
		}
	}
	return nil
}

// quick answers a wait by a watch, if the collector has one.
func (p *collector) quick(ctx *simulator.Context, req *types.WaitForUpdatesEx) soap.HasFault {
	kept, _ := p.vcenter.watches.Load(p.Self)
	w, _ := kept.(*watch)
	switch {
	case req.Version == "":
		if w = p.watchOf(ctx); w == nil {
			p.vcenter.watches.Delete(p.Self)
			return nil
		}
		p.vcenter.watches.Store(p.Self, w)
		w.begin(ctx)
	case w == nil:
		return nil
	case req.Version != strconv.Itoa(w.version):
		return throw(&types.InvalidCollectorVersion{})
	}
	return w.wait(ctx, p.call.context, req.Options)
}

func (p *collector) WaitForUpdatesEx(ctx *simulator.Context, req *types.WaitForUpdatesEx) soap.HasFault {
	answer := p.quick(ctx, req)
	if answer == nil {
		answer = p.slow(ctx, req)
	}
	if p.vcenter.wasEnded(ctx.Session.Key) {
		return throw(&types.NotAuthenticated{NoPermission: types.NoPermission{
			Object: &p.Self, PrivilegeId: mayView}})
	}
	if body, ok := answer.(*methods.WaitForUpdatesExBody); ok && body.Res != nil && body.Res.Returnval != nil {
		p.filterUpdates(ctx, body.Res.Returnval)
	}
	return answer
}

// slow answers a wait by the simulator's own collector.
func (p *collector) slow(ctx *simulator.Context, req *types.WaitForUpdatesEx) soap.HasFault {
	over := make(chan struct{})
	defer close(over)
	defer context.AfterFunc(p.call.context, func() {
		for { // until the wait has ended: it may not have begun yet
			p.CancelWaitForUpdates(&types.CancelWaitForUpdates{})
			select {
			case <-over:
				return
			case <-time.After(cancelEvery):
			}
		}
	})()
	if req.Version != "" {
		p.listen(ctx)
	}
	answer := p.PropertyCollector.WaitForUpdatesEx(ctx, req)
	if req.Version == "" {
		p.listen(ctx)
	}
	return answer
}

func (p *collector) WaitForUpdates(ctx *simulator.Context, req *types.WaitForUpdates) soap.HasFault {
	answer := p.WaitForUpdatesEx(ctx, &types.WaitForUpdatesEx{This: req.This, Version: req.Version})
	if answer.Fault() != nil {
		return answer
	}
	return &methods.WaitForUpdatesBody{Res: &types.WaitForUpdatesResponse{
		Returnval: *answer.(*methods.WaitForUpdatesExBody).Res.Returnval}}
}

func (p *collector) filterUpdates(ctx *simulator.Context, set *types.UpdateSet) {
	if len(p.vcenter.denials.of(ctx.Session.UserName, mayView, mayRead)) == 0 {
		return
	}
	for i := range set.FilterSet {
		set.FilterSet[i].ObjectSet = slices.DeleteFunc(set.FilterSet[i].ObjectSet,
			func(update types.ObjectUpdate) bool {
				user := ctx.Session.UserName
				return update.Kind != types.ObjectUpdateKindLeave &&
					(p.vcenter.denied(user, mayView, update.Obj) || p.vcenter.denied(user, mayRead, update.Obj))
			})
	}
}

func (p *collector) RetrievePropertiesEx(ctx *simulator.Context, req *types.RetrievePropertiesEx) soap.HasFault {
	answer := p.PropertyCollector.RetrievePropertiesEx(ctx, req)
	if body, ok := answer.(*methods.RetrievePropertiesExBody); ok && body.Res != nil && body.Res.Returnval != nil {
		body.Res.Returnval.Objects = p.filter(ctx, body.Res.Returnval.Objects, namedBy(req.SpecSet))
	}
	return answer
}

func (p *collector) ContinueRetrievePropertiesEx(
	ctx *simulator.Context, req *types.ContinueRetrievePropertiesEx,
) soap.HasFault {
	answer := p.PropertyCollector.ContinueRetrievePropertiesEx(ctx, req)
	if body, ok := answer.(*methods.ContinueRetrievePropertiesExBody); ok && body.Res != nil {
		body.Res.Returnval.Objects = p.filter(ctx, body.Res.Returnval.Objects, nil)
	}
	return answer
}

func (p *collector) RetrieveProperties(ctx *simulator.Context, req *types.RetrieveProperties) soap.HasFault {
	answer := p.PropertyCollector.RetrieveProperties(ctx, req)
	if body, ok := answer.(*methods.RetrievePropertiesBody); ok && body.Res != nil {
		body.Res.Returnval = p.filter(ctx, body.Res.Returnval, namedBy(req.SpecSet))
	}
	return answer
}

func namedBy(specs []types.PropertyFilterSpec) []types.ManagedObjectReference {
	var named []types.ManagedObjectReference
	for _, spec := range specs {
		for _, each := range spec.ObjectSet {
			named = append(named, each.Obj)
		}
	}
	return named
}

// filter leaves out objects that the user may not see, unless the call names them; of those, and of
// what may not be read, all properties are missing.
func (p *collector) filter(
	ctx *simulator.Context, objects []types.ObjectContent, named []types.ManagedObjectReference,
) []types.ObjectContent {
	user := ctx.Session.UserName
	var visible []types.ObjectContent
	for _, content := range objects {
		privilege := ""
		switch {
		case p.vcenter.denied(user, mayView, content.Obj):
			if !slices.Contains(named, content.Obj) {
				continue
			}
			privilege = mayView
		case p.vcenter.denied(user, mayRead, content.Obj):
			privilege = mayRead
		}
		if privilege != "" {
			for _, property := range content.PropSet {
				content.MissingSet = append(content.MissingSet, types.MissingProperty{
					Path: property.Name, Fault: types.LocalizedMethodFault{
						Fault: p.vcenter.noPermission(privilege, content.Obj)}})
			}
			content.PropSet = nil
		}
		visible = append(visible, content)
	}
	return visible
}

// fetched is the object whose property a Fetch asks for.
func fetched(body types.AnyType) (types.ManagedObjectReference, bool) {
	value := reflect.ValueOf(body)
	if value.Kind() != reflect.Pointer {
		return types.ManagedObjectReference{}, false
	}
	reference, ok := value.Elem().FieldByName("This").Interface().(types.ManagedObjectReference)
	return reference, ok
}

// customFields sets custom values so that collectors hear of them.
type customFields struct {
	*simulator.CustomFieldsManager
	vcenter *vcenter
}

func (m *customFields) SetField(ctx *simulator.Context, req *types.SetField) soap.HasFault {
	object, ok := m.vcenter.registry().Get(req.Entity).(mo.Entity)
	if !ok {
		return throw(&types.ManagedObjectNotFound{Obj: req.Entity})
	}
	answer := m.CustomFieldsManager.SetField(ctx, req)
	if answer.Fault() == nil {
		ctx.WithLock(object, func() {
			m.vcenter.update(ctx, object, []types.PropertyChange{
				{Name: "customValue", Val: object.Entity().CustomValue},
				{Name: "value", Val: object.Entity().Value}})
		})
	}
	return answer
}

// AddCustomFieldDef gives a field the type of its values; the simulator alone gives that of its
// objects, and none to a field of all objects, which makes the list unreadable.
func (m *customFields) AddCustomFieldDef(ctx *simulator.Context, req *types.AddCustomFieldDef) soap.HasFault {
	answer := m.CustomFieldsManager.AddCustomFieldDef(ctx, req)
	if body, ok := answer.(*methods.AddCustomFieldDefBody); ok && body.Res != nil {
		for i := range m.Field {
			if m.Field[i].Key == body.Res.Returnval.Key {
				m.Field[i].Type = "string"
				body.Res.Returnval.Type = "string"
			}
		}
	}
	return answer
}
