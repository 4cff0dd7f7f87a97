package main

import (
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// handle is asked by the simulator before each call: it refuses the call, or lets one of our types
// answer it. The simulator prefers the object that the call names to the one returned here, unless
// there is no such object: so the call is made to name none, and our type knows the real one.
func (v *vcenter) handle(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	c := v.callOf(ctx)
	if c == nil {
		return nil, nil // of our own
	}
	if c.rule != nil && c.rule.Action == actionThrow {
		return nil, c.rule.fault
	}
	if ctx.Session == nil {
		return nil, nil // the simulator refuses what needs a session
	}
	if fault := v.refuse(ctx, method); fault != nil {
		return nil, fault
	}
	handler := v.strict(ctx, method, c)
	if handler != nil {
		method.This = types.ManagedObjectReference{Type: method.This.Type, Value: "answered apart"}
	}
	return handler, nil
}

// strict is our type for the object, if it has this method, else nil.
func (v *vcenter) strict(ctx *simulator.Context, method *simulator.Method, c *call) mo.Reference {
	switch object := ctx.Session.Get(method.This).(type) {
	case *simulator.DistributedVirtualPortgroup:
		switch method.Name {
		case "ReconfigureDVPortgroup_Task", "Rename_Task", "Destroy_Task":
			return &portGroup{object, v, c}
		}
	case *simulator.DistributedVirtualSwitch:
		return v.strictSwitch(object, method.Name, c)
	case *simulator.DistributedVirtualSwitchManager:
		if method.Name == "QueryDvsByUuid" && v.rules.on(ruleMissingMethods) {
			return &switchManager{object, v}
		}
	case *simulator.PropertyCollector:
		return v.strictCollector(ctx, object, method.Name, c)
	case *simulator.CustomFieldsManager:
		if v.rules.on(ruleCustomValues) && (method.Name == "SetField" || method.Name == "AddCustomFieldDef") {
			return &customFields{object, v}
		}
	case *simulator.AuthorizationManager:
		if v.rules.on(rulePrivileges) {
			return &authorization{object, v}
		}
	case *simulator.SearchIndex:
		if v.rules.on(rulePrivileges) && (method.Name == "FindByInventoryPath" || method.Name == "FindChild") {
			return &searchIndex{object, v}
		}
	}
	return nil
}

// run starts a task on an object whose lock the caller holds; the task keeps it until its end, except
// when a rule makes it slow or endless, so that the object can be read meanwhile.
func (v *vcenter) run(
	ctx *simulator.Context, c *call, object mo.Reference, name string,
	effect func() (types.AnyType, types.BaseMethodFault),
) types.ManagedObjectReference {
	rule := c.rule
	finish := func() (types.AnyType, types.BaseMethodFault) {
		if rule == nil || rule.Action != actionTask {
			return effect()
		}
		if rule.When == whenAfter {
			if _, fault := effect(); fault != nil {
				return nil, fault
			}
		}
		return nil, rule.fault
	}
	task := simulator.CreateTask(object, name, func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		return finish()
	})
	if rule == nil || rule.When != whenNever && rule.When != whenTask {
		return task.Run(ctx)
	}
	task.Info.State = types.TaskInfoStateRunning
	v.registry().Put(task)
	task.Info.Key, task.Info.Task = task.Self.Value, task.Self
	if rule.When == whenTask {
		later := *ctx
		go v.finishLater(&later, task, object, rule, effect)
	}
	return task.Self
}

func (v *vcenter) finishLater(
	ctx *simulator.Context, task *simulator.Task, object mo.Reference, rule *faultRule,
	effect func() (types.AnyType, types.BaseMethodFault),
) {
	select {
	case <-v.alive.Done():
		return
	case <-time.After(rule.pause()):
	}
	var result types.AnyType
	var fault types.BaseMethodFault
	ctx.WithLock(object, func() { result, fault = effect() })
	changes := []types.PropertyChange{
		{Name: "info.completeTime", Val: time.Now()},
		{Name: "info.state", Val: types.TaskInfoStateSuccess},
		{Name: "info.result", Val: result},
	}
	if fault != nil {
		changes[1].Val = types.TaskInfoStateError
		changes = append(changes, types.PropertyChange{
			Name: "info.error", Val: types.LocalizedMethodFault{Fault: fault}})
	}
	v.registry().AtomicUpdate(ctx, task, changes)
}

// update changes properties of an object whose lock the caller holds, and tells collectors of them.
func (v *vcenter) update(ctx *simulator.Context, object mo.Reference, changes []types.PropertyChange) {
	if len(changes) > 0 {
		ctx.Update(object, changes)
	}
}

// thrown wraps a fault as the answer of a method.
type thrown struct{ fault *soap.Fault }

func (t *thrown) Fault() *soap.Fault { return t.fault }

func throw(fault types.BaseMethodFault) soap.HasFault {
	return &thrown{simulator.Fault("", fault)}
}
