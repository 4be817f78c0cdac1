package switchboard

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/switchboard-rt/switchboard/hubproto"
)

// Causes a method's ctx ends for, as context.Cause tells them.
var (
	// ErrDisconnected: the client has left or was lost.
	ErrDisconnected = errors.New("switchboard: the client has disconnected")
	// ErrAborted: Abort was called for the connection.
	ErrAborted = errors.New("switchboard: the connection was aborted")
	// ErrShutdown: the hub shuts down.
	ErrShutdown = errors.New("switchboard: the hub is shutting down")
	// ErrReturned: the method has returned; its ctx was kept.
	ErrReturned = errors.New("switchboard: the call is over")
	// ErrCancelled: the client has cancelled the call or stream.
	ErrCancelled = errors.New("switchboard: the client has cancelled the call")
	// ErrExpired: the proof of the client's identity has ended, see endpoint.Options.CloseOnAuthenticationExpiration.
	ErrExpired = errors.New("switchboard: the client's authentication has expired")
	// ErrClientTimeout: the client was silent for longer than Options.ClientTimeout.
	ErrClientTimeout error = timeoutError{}
)

// Error makes an error whose text the client may see. The text of any other
// error stays on the server unless Options.DetailedErrors is on.
func Error(text string) error { return &hubproto.HubError{Text: text} }

// Errorf is Error with a format.
func Errorf(format string, args ...any) error {
	return &hubproto.HubError{Text: fmt.Sprintf(format, args...)}
}

// timeoutError carries the words that clients of the original know.
type timeoutError struct{}

func (timeoutError) Error() string {
	return "Client hasn't sent a message/ping within the configured ClientTimeoutInterval."
}
func (timeoutError) ErrorType() string { return "OperationCanceledException" }
func (timeoutError) Timeout() bool     { return true }

// Is makes errors.Is(err, context.DeadlineExceeded) true, as for other time-outs.
func (timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// tooLarge is what ends a connection whose client sent an oversized message.
func tooLarge(limit int) error {
	return &hubproto.ProtocolError{Text: fmt.Sprintf("The maximum message size of %dB was exceeded. "+
		"The message size can be configured in AddHubOptions.", limit)}
}

// errPanicked stands for a panic in user code; the log has what was said.
var errPanicked = errors.New("the method panicked")

// errCutShort is the cause when the input ends inside a message.
var errCutShort = &hubproto.ProtocolError{Text: "Connection terminated while reading a message."}

// detail is the part of an error that the client may see, with a leading
// space: always for a HubError, else only with DetailedErrors on.
//
// Errors are user code, too: one that panics, as the methods of a typed nil
// do, has nothing to show.
func (o *Options) detail(err error) (text string) {
	defer func() {
		if v := recover(); v != nil {
			o.Logger.Error("hub: panic in an error's own methods", "type", fmt.Sprintf("%T", err), "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			text = ""
		}
	}()
	if hub, ok := errors.AsType[*hubproto.HubError](err); ok {
		return " " + hub.ErrorType() + ": " + hub.Text
	}
	if !o.DetailedErrors || err == nil {
		return ""
	}
	var typed interface {
		error
		ErrorType() string
	}
	if errors.As(err, &typed) {
		return " " + typed.ErrorType() + ": " + typed.Error()
	}
	return " " + err.Error()
}

// The sentences a failed call is answered with; the protocol page's section
// e.4 lists them. Clients and their tests compare them word for word.

func errBinding(method, detail string) string {
	return "Failed to invoke '" + method + "' due to an error on the server." + detail
}

func errInvoking(method, detail string) string {
	return "An unexpected error occurred invoking '" + method + "' on the server." + detail
}

func errNoMethod(method string) string {
	return errBinding(method, " HubException: Method does not exist.")
}

func errStreaming(method string) string {
	return "The client attempted to invoke the streaming '" + method + "' method with a non-streaming invocation."
}

func errNotStreaming(method string) string {
	return "The client attempted to invoke the non-streaming '" + method + "' method with a streaming invocation."
}

func errStreamCount(method string, got, want int) string {
	return errInvoking(method, fmt.Sprintf(" HubException: Client sent %d stream(s), Hub method expects %d.", got, want))
}

func errArgumentCount(got, want int) error {
	return &hubproto.ProtocolError{Text: fmt.Sprintf("Invocation provides %d argument(s) but target expects %d.", got, want)}
}

var errArguments = &hubproto.ProtocolError{Text: "Error binding arguments. Make sure that the types of the provided values " +
	"match the types of the hub method being invoked."}

// connectionError is the text of a Close message.
func connectionError(detail string) string { return "Connection closed with an error." + detail }
