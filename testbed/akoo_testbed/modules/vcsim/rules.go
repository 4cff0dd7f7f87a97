package main

import (
	"fmt"
	"sort"
	"sync"
)

// The strict rules: what a real vCenter does and the simulator alone does not. All are on at first.
const (
	ruleConfigVersion  = "config-version"      // counts with each change; a stale one is ConcurrentAccess
	rulePartial        = "partial-reconfigure" // what a spec leaves out stays as it is
	ruleInUse          = "in-use"              // what a VM or host uses is not destroyed, nor its ports taken
	ruleUsedBy         = "used-by"             // the property vm of a port group is filled
	rulePorts          = "connected-ports"     // FetchDVPorts says who is connected
	ruleElastic        = "elastic-ports"       // a port group that may grow has ports for all its NICs
	ruleUpdates        = "updates"             // changes of configuration reach property collectors
	ruleRename         = "rename"              // a rename changes all names; a name that is taken is refused
	ruleValues         = "values"              // names, VLANs, bindings, uplinks are checked
	rulePrivileges     = "privileges"          // denials hold
	ruleMissingMethods = "missing-methods"     // methods that the simulator lacks are there
	ruleCustomValues   = "custom-values"       // custom values reach collectors; no global field breaks the list
	ruleSwitchDestroy  = "switch-destroy"      // a used switch is not destroyed; its port groups go with it
	ruleExtension      = "extension-switch"    // a switch of an extension is not ours to change
	ruleMarkers        = "markers"             // uplink port groups are marked (from the next reset on)
	ruleQuickUpdates   = "quick-updates"       // a wait over all port groups costs what changed
	ruleSwitchUUID     = "switch-uuid"         // each switch has a UUID of its own (from the next reset on)
)

var ruleNames = []string{
	ruleConfigVersion, rulePartial, ruleInUse, ruleUsedBy, rulePorts, ruleElastic, ruleUpdates, ruleRename,
	ruleValues, rulePrivileges, ruleMissingMethods, ruleCustomValues, ruleSwitchDestroy, ruleExtension,
	ruleMarkers, ruleSwitchUUID, ruleQuickUpdates,
}

// ruleSet says which rules are on. Switched rules outlive a reset, so that those of the inventory
// can be switched at all.
type ruleSet struct {
	mu    sync.RWMutex
	rules map[string]bool
}

func newRuleSet(lenient []string) (*ruleSet, error) {
	set := &ruleSet{rules: map[string]bool{}}
	for _, name := range ruleNames {
		set.rules[name] = true
	}
	changes := map[string]bool{}
	for _, name := range lenient {
		changes[name] = false
	}
	return set, set.change(changes)
}

func (s *ruleSet) on(name string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rules[name]
}

func (s *ruleSet) all() map[string]bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	copied := make(map[string]bool, len(s.rules))
	for name, on := range s.rules {
		copied[name] = on
	}
	return copied
}

func (s *ruleSet) change(changes map[string]bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range changes {
		if _, ok := s.rules[name]; !ok {
			sorted := append([]string{}, ruleNames...)
			sort.Strings(sorted)
			return fmt.Errorf("no rule %q; there are: %v", name, sorted)
		}
	}
	for name, on := range changes {
		s.rules[name] = on
	}
	return nil
}
