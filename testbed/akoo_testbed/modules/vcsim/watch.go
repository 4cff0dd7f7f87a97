package main

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	portGroupKind = "DistributedVirtualPortgroup"
	watchPage     = 100 // objects of an answer, as the simulator's
	watchPause    = 5 * time.Millisecond
)

// watchPaths are the properties of port groups that a watch knows how to read.
var watchPaths = map[string]func(*simulator.DistributedVirtualPortgroup) types.AnyType{
	"name":                 func(pg *simulator.DistributedVirtualPortgroup) types.AnyType { return pg.Name },
	"parent":               func(pg *simulator.DistributedVirtualPortgroup) types.AnyType { return *pg.Parent },
	"config.configVersion": func(pg *simulator.DistributedVirtualPortgroup) types.AnyType { return pg.Config.ConfigVersion },
	"customValue": func(pg *simulator.DistributedVirtualPortgroup) types.AnyType {
		return types.ArrayOfCustomFieldValue{CustomFieldValue: slices.Clone(pg.CustomValue)}
	},
	"vm": func(pg *simulator.DistributedVirtualPortgroup) types.AnyType {
		return types.ArrayOfManagedObjectReference{ManagedObjectReference: slices.Clone(pg.Vm)}
	},
}

// watch answers the waits of a collector over all port groups: it remembers which of them changed, so
// that a change costs what changed. The simulator reads all objects of a filter for each change.
type watch struct {
	*simulator.PropertyCollector // for its reference, by which it is taken off the registry
	vcenter                      *vcenter
	filter                       types.ManagedObjectReference
	paths                        []string

	mu      sync.Mutex
	known   map[types.ManagedObjectReference]bool
	order   []types.ManagedObjectReference
	changed map[types.ManagedObjectReference]map[string]bool // names of properties
	woken   chan struct{}

	serving sync.Mutex // one wait at a time
	pending []types.ObjectUpdate
	version int
}

// watchOf makes a watch if the collector's only filter is one over all port groups.
func (p *collector) watchOf(ctx *simulator.Context) *watch {
	if !p.vcenter.rules.on(ruleQuickUpdates) || len(p.Filter) != 1 {
		return nil
	}
	filter, ok := ctx.Session.Get(p.Filter[0]).(*simulator.PropertyFilter)
	if !ok || len(filter.Spec.PropSet) != 1 || len(filter.Spec.ObjectSet) != 1 {
		return nil
	}
	properties, start := filter.Spec.PropSet[0], filter.Spec.ObjectSet[0]
	view, ok := ctx.Session.Get(start.Obj).(*simulator.ContainerView)
	if !ok || !view.Recursive || view.Container != p.vcenter.rootFolder() ||
		!slices.Equal(view.Type, []string{portGroupKind}) || properties.Type != portGroupKind ||
		len(start.SelectSet) != 1 || start.Skip == nil || !*start.Skip {
		return nil
	}
	step, ok := start.SelectSet[0].(*types.TraversalSpec)
	if !ok || step.Path != "view" || len(step.SelectSet) > 0 {
		return nil
	}
	for _, path := range properties.PathSet {
		if watchPaths[path] == nil {
			return nil
		}
	}
	return &watch{
		PropertyCollector: p.PropertyCollector, vcenter: p.vcenter, filter: filter.Self,
		paths: properties.PathSet, known: map[types.ManagedObjectReference]bool{},
		changed: map[types.ManagedObjectReference]map[string]bool{}, woken: make(chan struct{}, 1),
	}
}

func (v *vcenter) rootFolder() types.ManagedObjectReference {
	return v.service.Context.Map.Get(serviceInstance).(*simulator.ServiceInstance).Content.RootFolder
}

func (w *watch) PutObject(_ *simulator.Context, object mo.Reference) { w.note(object.Reference()) }

func (w *watch) RemoveObject(_ *simulator.Context, reference types.ManagedObjectReference) {
	w.note(reference)
}

func (w *watch) UpdateObject(_ *simulator.Context, object mo.Reference, changes []types.PropertyChange) {
	names := make([]string, len(changes))
	for i, change := range changes {
		names[i] = change.Name
	}
	w.note(object.Reference(), names...)
}

func (w *watch) note(reference types.ManagedObjectReference, names ...string) {
	if reference.Type != portGroupKind {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changed[reference] == nil {
		w.changed[reference] = map[string]bool{}
		w.order = append(w.order, reference)
	}
	for _, name := range names {
		w.changed[reference][name] = true
	}
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

// begin lists all port groups; what changes meanwhile is told afterwards.
func (w *watch) begin(ctx *simulator.Context) {
	w.vcenter.registry().AddHandler(w)
	for _, each := range w.vcenter.registry().All(portGroupKind) {
		w.note(each.Reference())
	}
	w.collect(ctx)
}

// collect makes updates of what changed.
func (w *watch) collect(ctx *simulator.Context) {
	w.mu.Lock()
	order, changed := w.order, w.changed
	w.order, w.changed = nil, map[types.ManagedObjectReference]map[string]bool{}
	w.mu.Unlock()
	for _, reference := range order {
		pg, ok := w.vcenter.registry().Get(reference).(*simulator.DistributedVirtualPortgroup)
		update := types.ObjectUpdate{Obj: reference, Kind: types.ObjectUpdateKindLeave}
		switch {
		case !ok && !w.known[reference]:
			continue
		case !ok:
			delete(w.known, reference)
		default:
			update.Kind = types.ObjectUpdateKindModify
			if !w.known[reference] {
				update.Kind = types.ObjectUpdateKindEnter
				w.known[reference] = true
			}
			ctx.WithLock(pg, func() {
				for _, path := range w.paths {
					if update.Kind == types.ObjectUpdateKindEnter || touches(changed[reference], path) {
						update.ChangeSet = append(update.ChangeSet, types.PropertyChange{
							Op: types.PropertyChangeOpAssign, Name: path, Val: watchPaths[path](pg)})
					}
				}
			})
			if len(update.ChangeSet) == 0 {
				continue
			}
		}
		w.pending = append(w.pending, update)
	}
}

// touches tells whether one of the changed properties is the path, or holds it.
func touches(names map[string]bool, path string) bool {
	for name := range names {
		if name == path || strings.HasPrefix(path, name+".") {
			return true
		}
	}
	return false
}

// wait answers a call: a page of what is pending, or nothing when the time is up.
func (w *watch) wait(ctx *simulator.Context, caller context.Context, options *types.WaitOptions) soap.HasFault {
	w.serving.Lock()
	defer w.serving.Unlock()
	page := watchPage
	var timeout <-chan time.Time
	if options != nil && options.MaxObjectUpdates > 0 {
		page = min(page, int(options.MaxObjectUpdates))
	}
	if options != nil && options.MaxWaitSeconds != nil {
		timeout = time.After(time.Duration(*options.MaxWaitSeconds) * time.Second)
	}
	for len(w.pending) == 0 {
		if w.collect(ctx); len(w.pending) > 0 {
			break
		}
		select {
		case <-caller.Done():
			return throw(&types.RequestCanceled{})
		case <-timeout:
			return &methods.WaitForUpdatesExBody{Res: &types.WaitForUpdatesExResponse{}}
		case <-w.woken:
			time.Sleep(watchPause) // more of the same change may follow
		}
	}
	number := min(page, len(w.pending))
	w.version++
	set := &types.UpdateSet{Version: strconv.Itoa(w.version), FilterSet: []types.PropertyFilterUpdate{
		{Filter: w.filter, ObjectSet: slices.Clone(w.pending[:number])}}}
	w.pending = w.pending[number:]
	if len(w.pending) > 0 {
		set.Truncated = types.NewBool(true)
	}
	return &methods.WaitForUpdatesExBody{Res: &types.WaitForUpdatesExResponse{Returnval: set}}
}
