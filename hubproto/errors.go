package hubproto

import (
	"cmp"
	"errors"
)

// HubError is an error whose text a client may see. Any other error that a hub
// method returns is hidden behind a generic sentence unless the hub's
// DetailedErrors option is on.
type HubError struct{ Text string }

func (e *HubError) Error() string { return e.Text }

// ErrorType is the name clients of the original know this error by.
func (e *HubError) ErrorType() string { return "HubException" }

// ProtocolError is bad input from a peer that ends its connection. Text is
// what the peer sees when detailed errors are on, for example
// "Missing required property 'type'.".
type ProtocolError struct {
	Text string
	// Type is the name clients of the original know it by. Empty: InvalidDataException.
	Type string
}

func (e *ProtocolError) Error() string { return e.Text }

// ErrorType gives Type or its default.
func (e *ProtocolError) ErrorType() string { return cmp.Or(e.Type, "InvalidDataException") }

// ErrTooLarge says that a message exceeds the maximum size of the hub.
var ErrTooLarge = errors.New("hubproto: the message exceeds the maximum size")
