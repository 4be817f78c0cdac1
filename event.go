package switchboard

import (
	"context"
	"fmt"
	"reflect"
)

// Sender is whoever a client method can be called on: a [Target], a [Group], a
// [Client], a *[Conn].
type Sender interface {
	Send(ctx context.Context, method string, args ...any) error
}

// ClientEvent is a client method of one argument, named once. Make it with [Event].
type ClientEvent[T any] struct{ name string }

// Event names a client method and the type of its argument in one place:
//
//	var newMessage = switchboard.Event[Message]("newMessage")
//	newMessage.Send(ctx, hub.Group(room), Message{...})
//
// It panics if the name is empty.
func Event[T any](name string) ClientEvent[T] {
	if name == "" {
		panic("switchboard: Event: a client method needs a name")
	}
	return ClientEvent[T]{name}
}

// Name is the client method's name.
func (e ClientEvent[T]) Name() string { return e.name }

// Send calls the method on everybody to means.
func (e ClientEvent[T]) Send(ctx context.Context, to Sender, v T) error {
	return to.Send(ctx, e.name, v)
}

// Expose registers the methods of the interface type I, and no others, under
// their own names. It panics where Handle would.
func Expose[I any](h *Hub, impl I) {
	t := reflect.TypeFor[I]()
	if t.Kind() != reflect.Interface {
		panic(fmt.Sprintf("switchboard: Expose: %v is no interface; name the methods that clients may call in one", t))
	}
	v := reflect.ValueOf(&impl).Elem()
	if v.IsNil() {
		panic(fmt.Sprintf("switchboard: Expose: the %v is nil", t))
	}
	for i := range t.NumMethod() {
		h.Handle(t.Method(i).Name, v.Method(i).Interface())
	}
}
