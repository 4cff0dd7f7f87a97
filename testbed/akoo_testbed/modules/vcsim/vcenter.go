package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// vcenter is one life of the simulated vCenter: from a start or reset to the next.
type vcenter struct {
	options options
	front   *front
	rules   *ruleSet
	service *simulator.Service
	own     *simulator.Context // a session of ours, which no rule concerns
	faults  *faultList
	ledger  *ledger
	denials *denialList
	usage   *usage
	folder  string // of datastores

	watches sync.Map // reference of a property collector -> *watch

	calls sync.Map // *simulator.Context -> *call, while the simulator handles it

	mu       sync.Mutex
	accounts map[string]string
	delay    time.Duration
	ended    map[string]bool // keys of sessions that were ended by control

	alive context.Context
	end   context.CancelFunc
}

// newVCenter builds the inventory. Nobody sees the vCenter before it is whole.
func newVCenter(settings options, rules *ruleSet, front *front) (*vcenter, error) {
	model := simulator.VPX()
	model.Datacenter, model.Host, model.Cluster, model.Machine = 0, 0, 0, 0
	if err := model.Create(); err != nil {
		return nil, err
	}
	v := &vcenter{
		options: settings, front: front, rules: rules, service: model.Service, own: model.Service.Context,
		faults: &faultList{}, ledger: newLedger(), denials: &denialList{},
		accounts: map[string]string{}, ended: map[string]bool{},
	}
	v.usage = newUsage(v)
	v.alive, v.end = context.WithCancel(context.Background())
	for user, password := range settings.Accounts {
		v.accounts[user] = password
	}
	folder, err := os.MkdirTemp("", "stores-")
	if err != nil {
		return nil, err
	}
	v.folder = folder
	registry := v.registry()
	v.setAbout(settings.InstanceUUID, settings.APIVersion)
	registry.AddHandler(v.usage)
	if err := v.build(settings.Inventory); err != nil {
		return nil, fmt.Errorf("inventory: %w", err)
	}
	v.service.RegisterSDK(registry, registry.Path+"/vimService")
	v.service.ServeMux.HandleFunc(registry.Path+"/vimServiceVersions.xml", v.service.ServiceVersions)
	v.service.ServeMux.HandleFunc("/about", v.service.About)
	v.service.Listen = &url.URL{Scheme: "https", Host: settings.Listen, Path: registry.Path,
		User: url.UserPassword("nobody", "")} // set, so that ValidLogin is asked
	registry.SessionManager().ServiceHostName = settings.Listen
	registry.SessionManager().ValidLogin = v.validLogin
	registry.Cookie = v.cookie
	registry.Handler = v.handle
	return v, nil
}

// close ends what still waits, and removes the files.
func (v *vcenter) close() {
	v.end()
	_ = os.RemoveAll(v.folder)
	if option := v.home(); option != "" {
		_ = os.RemoveAll(option)
	}
}

func (v *vcenter) home() string {
	for _, setting := range v.registry().OptionManager().Setting {
		if value := setting.GetOptionValue(); value.Key == "vcsim.home" {
			return value.Value.(string)
		}
	}
	return ""
}

func (v *vcenter) registry() *simulator.Registry { return v.own.Map }

// client calls the simulator without HTTP, in a session that no rule concerns.
func (v *vcenter) client() *vim25.Client {
	client, _ := vim25.NewClient(context.Background(), v.service)
	return client
}

func (v *vcenter) validLogin(login *types.Login) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	password, ok := v.accounts[login.UserName]
	return ok && password == login.Password
}

func (v *vcenter) about() types.AboutInfo {
	return v.registry().Get(vim25.ServiceInstance).(*simulator.ServiceInstance).Content.About
}

func (v *vcenter) setAbout(instanceUUID, apiVersion string) {
	instance := v.registry().Get(vim25.ServiceInstance).(*simulator.ServiceInstance)
	if instanceUUID != "" {
		instance.Content.About.InstanceUuid = instanceUUID
	}
	if apiVersion != "" {
		instance.Content.About.ApiVersion = apiVersion
	}
}

type sessionInfo struct {
	Key   string    `json:"key"`
	User  string    `json:"user"`
	Login time.Time `json:"login"`
	Calls int64     `json:"calls"`
}

// sessions lists who is logged in.
func (v *vcenter) sessions() []sessionInfo {
	var manager mo.SessionManager
	reference := v.registry().SessionManager().Reference()
	_ = mo.RetrieveProperties(context.Background(), v.client(),
		v.client().ServiceContent.PropertyCollector, reference, &manager)
	infos := []sessionInfo{}
	for _, session := range manager.SessionList {
		infos = append(infos, sessionInfo{
			session.Key, session.UserName, session.LoginTime, session.CallCount})
	}
	return infos
}

// endSessions terminates the sessions of a user, or with a key, or all; their waiting calls end.
func (v *vcenter) endSessions(user, key string) ([]string, error) {
	keys := []string{}
	for _, session := range v.sessions() {
		if (user == "" || session.User == user) && (key == "" || session.Key == key) {
			keys = append(keys, session.Key)
		}
	}
	if len(keys) == 0 {
		return keys, nil
	}
	v.mu.Lock()
	for _, each := range keys {
		v.ended[each] = true
	}
	v.mu.Unlock()
	_, err := methods.TerminateSession(context.Background(), v.client(), &types.TerminateSession{
		This: v.registry().SessionManager().Reference(), SessionId: keys})
	v.calls.Range(func(context, handled any) bool {
		session := context.(*simulator.Context).Session
		if session != nil && v.wasEnded(session.Key) {
			handled.(*call).cancel()
		}
		return true
	})
	return keys, err
}

func (v *vcenter) wasEnded(key string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.ended[key]
}

func (v *vcenter) latency() time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.delay
}
