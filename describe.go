package switchboard

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"github.com/switchboard-rt/switchboard/contract"
	"github.com/switchboard-rt/switchboard/internal/bind"
)

// ClientMethod is a method of clients by name and types: a [ClientEvent], or
// what [Signature] makes.
type ClientMethod interface {
	Name() string
	// signature is the function type it stands for.
	signature() reflect.Type
}

func (e ClientEvent[T]) signature() reflect.Type { return reflect.TypeFor[func(T)]() }

// Signature names a client method of any shape, for [Hub.Declares]:
//
//	switchboard.Signature[func(user, message string)]("ReceiveMessage")
//	switchboard.Signature[func(question string) bool]("confirm") // for Ask
//
// It panics if the name is empty or F is no function.
func Signature[F any](name string) ClientMethod {
	t := reflect.TypeFor[F]()
	if name == "" || t.Kind() != reflect.Func {
		panic(fmt.Sprintf("switchboard: Signature %q: want a name and a function type, got %v", name, t))
	}
	return signature{name, t}
}

type signature struct {
	name string
	typ  reflect.Type
}

func (s signature) Name() string            { return s.name }
func (s signature) signature() reflect.Type { return s.typ }

// Declares tells which methods the hub calls on its clients. It changes nothing
// but what [Hub.Describe] says. It panics if a name is declared twice, if a
// type cannot travel, or after the first connection.
func (h *Hub) Declares(methods ...ClientMethod) {
	h.mustBeClosed("Declares")
	for _, m := range methods {
		plan, err := bind.New(reflect.MakeFunc(m.signature(), nil).Interface(), connType)
		switch {
		case err != nil:
			panic(fmt.Sprintf("switchboard: hub %q: Declares %q: %v", h.name, m.Name(), err))
		case plan.Streams || len(plan.Uploads) > 0:
			panic(fmt.Sprintf("switchboard: hub %q: Declares %q: client methods have no streams (%v)", h.name, m.Name(), m.signature()))
		case slices.ContainsFunc(h.declared, func(old declared) bool { return old.name == m.Name() }):
			panic(fmt.Sprintf("switchboard: hub %q: Declares %q: it is declared already", h.name, m.Name()))
		}
		h.declared = append(h.declared, declared{m.Name(), plan})
	}
}

// declared is a client method that the hub is known to call.
type declared struct {
	name string
	plan *bind.Plan
}

// Describe tells what the hub offers: its methods, the client methods it
// declares, and their types by the names that encoding/json gives them.
func (h *Hub) Describe() contract.Hub {
	types := contract.NewTypes()
	d := contract.Hub{Name: h.name, Methods: []contract.Method{}, Events: []contract.Method{}}
	for _, m := range sorted(h.methods) {
		c := describe(types, m.name, m.plan)
		c.Authorized = len(m.allow) > 0
		d.Methods = append(d.Methods, c)
	}
	for _, m := range h.declared {
		d.Events = append(d.Events, describe(types, m.name, m.plan))
	}
	slices.SortFunc(d.Events, func(a, b contract.Method) int { return cmp.Compare(a.Name, b.Name) })
	d.Types = types.List()
	return d
}

// sorted lists methods by name, so that types get the same names each time.
func sorted(methods map[string]*method) []*method {
	list := make([]*method, 0, len(methods))
	for _, m := range methods {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b *method) int { return cmp.Compare(a.name, b.name) })
	return list
}

func describe(types *contract.Types, name string, plan *bind.Plan) contract.Method {
	m := contract.Method{Name: name, Params: []contract.Param{}, Streams: plan.Streams}
	for _, p := range plan.Params() {
		m.Params = append(m.Params, contract.Param{Type: types.Of(p.Type), Upload: p.Upload})
	}
	if plan.Result != nil {
		result := types.Of(plan.Result)
		m.Result = &result
	}
	return m
}
