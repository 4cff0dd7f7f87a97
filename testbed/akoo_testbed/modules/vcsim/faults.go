package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// What a fault rule does with a call.
const (
	actionThrow    = "throw"    // the method throws the fault
	actionTask     = "task"     // the task of the method ends with the fault
	actionCut      = "cut"      // the connection is closed
	actionHold     = "hold"     // there is no answer until the rule is removed
	actionStatus   = "status"   // an HTTP status, with a page of HTML
	actionTruncate = "truncate" // half of the answer, with a length that fits
	actionDelay    = "delay"    // the answer comes later; for a task: its end
)

const (
	whenBefore = "before" // the call has no effect
	whenAfter  = "after"  // the call has its effect
	whenNever  = "never"  // of a task: it does not end
)

var actions = map[string][]string{
	actionThrow:    {whenBefore},
	actionTask:     {whenBefore, whenAfter, whenNever},
	actionCut:      {whenBefore, whenAfter},
	actionHold:     {whenBefore, whenAfter},
	actionStatus:   {whenBefore, whenAfter},
	actionTruncate: {whenAfter},
	actionDelay:    {whenBefore, whenAfter, whenTask},
}

const whenTask = "task" // of a delay: the task takes longer, the call does not

// taskMethods are those whose tasks obey a rule.
var taskMethods = []string{
	"AddDVPortgroup_Task", "CreateDVPortgroup_Task", "ReconfigureDVPortgroup_Task", "Rename_Task",
	"Destroy_Task",
}

// faultRule is one wish of the control endpoint.
type faultRule struct {
	ID      int     `json:"id"`
	Method  string  `json:"method"`  // as on the wire; "" is each
	Object  string  `json:"object"`  // reference or name of an object that the call names
	Skip    int     `json:"skip"`    // so many matching calls are left alone first
	Count   int     `json:"count"`   // so many calls are concerned; 0: all
	Action  string  `json:"action"`  // one of the above
	When    string  `json:"when"`    // "" is the first that the action knows
	Status  int     `json:"status"`  // of HTTP
	Seconds float64 `json:"seconds"` // of a delay
	Seen    int     `json:"seen"`    // matching calls so far
	Applied int     `json:"applied"` // ... and those that were concerned

	fault    types.BaseMethodFault
	released chan struct{} // closed when the rule is removed
}

func (r *faultRule) check() error {
	moments, ok := actions[r.Action]
	if !ok {
		return fmt.Errorf("no action %q", r.Action)
	}
	if r.When == "" {
		r.When = moments[0]
	}
	if !slices.Contains(moments, r.When) {
		return fmt.Errorf("action %s knows the moments %v, not %q", r.Action, moments, r.When)
	}
	if needs := r.Action == actionThrow || r.Action == actionTask && r.When != whenNever; needs != (r.fault != nil) {
		return fmt.Errorf("a fault is needed for throw and task, and only there")
	}
	if (r.Action == actionTask || r.When == whenTask) && !slices.Contains(taskMethods, r.Method) {
		return fmt.Errorf("a task can be concerned for the methods %v", taskMethods)
	}
	if r.Action == actionStatus && r.Status == 0 {
		r.Status = 503
	}
	return nil
}

func (r *faultRule) matches(c *call) bool {
	if r.Method != "" && r.Method != c.method {
		return false
	}
	return r.Object == "" || slices.ContainsFunc(c.objects, func(object namedObject) bool {
		return object.reference.Value == r.Object || object.name == r.Object
	})
}

func (r *faultRule) pause() time.Duration { return time.Duration(r.Seconds * float64(time.Second)) }

// faultList holds the rules in the order in which they came; the first that concerns a call wins.
type faultList struct {
	mu    sync.Mutex
	rules []*faultRule
	last  int
}

func (l *faultList) add(rule *faultRule) error {
	if err := rule.check(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	rule.ID, rule.Seen, rule.Applied = l.last, 0, 0
	rule.released = make(chan struct{})
	l.rules = append(l.rules, rule)
	return nil
}

// match counts the call with each rule that it matches.
func (l *faultList) match(c *call) *faultRule {
	l.mu.Lock()
	defer l.mu.Unlock()
	var chosen *faultRule
	for _, rule := range l.rules {
		if chosen != nil || !rule.matches(c) {
			continue
		}
		rule.Seen++
		if rule.Seen > rule.Skip && (rule.Count == 0 || rule.Applied < rule.Count) {
			rule.Applied++
			chosen = rule
		}
	}
	return chosen
}

// remove takes away a rule, or all of them with id 0; held calls go on.
func (l *faultList) remove(id int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	removed := 0
	l.rules = slices.DeleteFunc(l.rules, func(rule *faultRule) bool {
		if id != 0 && rule.ID != id {
			return false
		}
		close(rule.released)
		removed++
		return true
	})
	return removed
}

func (l *faultList) all() []faultRule {
	l.mu.Lock()
	defer l.mu.Unlock()
	copies := make([]faultRule, 0, len(l.rules))
	for _, rule := range l.rules {
		copies = append(copies, *rule)
	}
	return copies
}

// ledger counts calls by method.
type ledger struct {
	mu      sync.Mutex
	methods map[string]int
	waiting int
}

func newLedger() *ledger { return &ledger{methods: map[string]int{}} }

func (l *ledger) enter(c *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.methods[c.method]++
	if strings.HasPrefix(c.method, "WaitForUpdates") {
		l.waiting++
	}
}

func (l *ledger) leave(c *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if strings.HasPrefix(c.method, "WaitForUpdates") {
		l.waiting--
	}
}

func (l *ledger) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.methods)
}

type counted struct {
	Total   int            `json:"total"`
	Waiting int            `json:"waiting"` // calls of WaitForUpdates that are under way
	Methods map[string]int `json:"methods"`
}

func (l *ledger) counted() counted {
	l.mu.Lock()
	defer l.mu.Unlock()
	result := counted{Waiting: l.waiting, Methods: map[string]int{}}
	for method, count := range l.methods {
		result.Methods[method] = count
		result.Total += count
	}
	return result
}
