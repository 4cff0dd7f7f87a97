package main

import (
	"reflect"
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// listener tells a property collector of changes that can concern its filters. The collector reads all
// objects of its filters again for each change that it hears of, also of each task.
type listener struct {
	*simulator.PropertyCollector
	objects []types.ManagedObjectReference // that filters start from
	kinds   []string                       // of objects that filters report or walk through
}

// listen puts the listener in the place of the collector, which has the same reference.
func (p *collector) listen(ctx *simulator.Context) {
	l := &listener{PropertyCollector: p.PropertyCollector}
	for _, reference := range p.Filter {
		filter, ok := ctx.Session.Get(reference).(*simulator.PropertyFilter)
		if !ok {
			continue
		}
		for _, set := range filter.Spec.PropSet {
			l.kinds = append(l.kinds, set.Type)
		}
		for _, set := range filter.Spec.ObjectSet {
			l.objects = append(l.objects, set.Obj)
			l.walk(set.SelectSet)
		}
	}
	p.vcenter.registry().AddHandler(l)
}

func (l *listener) walk(specs []types.BaseSelectionSpec) {
	for _, spec := range specs {
		if traversal, ok := spec.(*types.TraversalSpec); ok {
			l.kinds = append(l.kinds, traversal.Type)
			l.walk(traversal.SelectSet)
		}
	}
}

func (l *listener) concerns(object mo.Reference) bool {
	reference := object.Reference()
	if slices.Contains(l.objects, reference) || slices.Contains(l.kinds, reference.Type) {
		return true
	}
	kind := reflect.TypeOf(object).Elem()
	return slices.ContainsFunc(l.kinds, func(name string) bool { // a base of its kind
		field, ok := kind.FieldByName(name)
		return ok && field.Anonymous
	})
}

func (l *listener) PutObject(ctx *simulator.Context, object mo.Reference) {
	if l.concerns(object) {
		l.PropertyCollector.PutObject(ctx, object)
	}
}

func (l *listener) UpdateObject(ctx *simulator.Context, object mo.Reference, changes []types.PropertyChange) {
	if l.concerns(object) {
		l.PropertyCollector.UpdateObject(ctx, object, changes)
	}
}
