package switchboard

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/switchboard-rt/switchboard/hubproto"
	"github.com/switchboard-rt/switchboard/transport"
)

// Peer is one client that can be asked: a *[Conn], or [Hub.Client] of an id.
type Peer interface {
	// asked finds the session, or says why there is none.
	asked() (*session, error)
}

// Client is the target of one connection. Unlike others it can be asked, see [Ask].
type Client struct{ Target }

func (c *Conn) asked() (*session, error) { return c.s, nil }

func (c Client) asked() (*session, error) {
	if s, ok := c.hub.index.Get(c.names[0]); ok {
		return s, nil
	}
	return nil, &unreachable{text: fmt.Sprintf("Connection '%s' does not exist.", transport.LogID(c.names[0]))}
}

// unreachable says that a client cannot be asked, and why its connection has ended if it has.
type unreachable struct {
	text  string
	cause error
}

func (e *unreachable) Unwrap() error     { return e.cause }
func (e *unreachable) Error() string     { return e.text }
func (e *unreachable) ErrorType() string { return "IOException" }

// Ask calls a client method and waits for its answer. A client that never
// answers makes it wait until ctx ends, so give ctx a deadline. Inside a method
// the line is lent meanwhile: the client may call the hub back before it answers.
// It is refused inside OnConnect and OnRefresh of the client that is asked.
//
// A client that answers with an error, with a result that is no R or with
// neither, and a ctx that ends, make an error whose text the method's own caller
// may see; a client that is lost or unknown makes one that may not. errors.Is
// finds why ctx, or the connection of the client that was asked, has ended.
func Ask[R any](ctx context.Context, p Peer, method string, args ...any) (R, error) {
	var result R
	s, err := p.asked()
	if err != nil {
		return result, err
	}
	answer, err := s.ask(ctx, method, args)
	switch {
	case err != nil:
		return result, err
	case answer.HasError:
		return result, &hubproto.HubError{Text: answer.Error}
	case !answer.HasValue:
		return result, Error("The client answered with neither a result nor an error.")
	}
	if err := s.encoding().Decode(answer.Value, &result); err != nil {
		return result, Errorf("Error trying to deserialize result to %v. %v", reflect.TypeFor[R](), err)
	}
	return result, nil
}

// refusedAsk says that a question must not be asked here.
type refusedAsk struct{ text string }

func (e *refusedAsk) Error() string     { return e.text }
func (e *refusedAsk) ErrorType() string { return "InvalidOperationException" }

var (
	errAskEarly   = &refusedAsk{"Client results inside OnConnectedAsync Hub methods are not allowed."}
	errAskRefresh = &refusedAsk{"Client results inside OnAuthenticationRefreshedAsync Hub methods are not allowed."}
)

// canceledAsk is the end of the asking ctx: clients may see its text, Go code its cause.
type canceledAsk struct{ cause error }

func (e *canceledAsk) Error() string { return "switchboard: ask: " + e.cause.Error() }
func (e *canceledAsk) Unwrap() []error {
	return []error{&hubproto.HubError{Text: "Invocation canceled by the server."}, e.cause}
}

// ask sends the question and waits.
func (s *session) ask(ctx context.Context, method string, args []any) (*hubproto.Message, error) {
	if method == "" {
		return nil, errors.New("switchboard: ask: the method has no name")
	}
	id, answer, err := s.expect(ctx)
	if err != nil {
		return nil, err
	}
	defer s.forgetAsk(id)
	p, err := s.encoding().AppendInvocation(nil, id, method, args, nil)
	if err != nil {
		return nil, fmt.Errorf("switchboard: ask %q: %w", method, err)
	}
	if s.send(frame(s.encoding(), transport.Answer, p)) != nil {
		return nil, s.gone()
	}
	if l, ok := s.link.(transport.Flusher); ok { // nothing follows until the client has answered
		l.Flush()
	}
	lend(ctx)
	select {
	case m := <-answer:
		return m, nil
	case <-s.context().Done():
		return nil, s.gone()
	case <-ctx.Done():
		if s.context().Err() != nil {
			return nil, s.gone()
		}
		return nil, &canceledAsk{context.Cause(ctx)}
	}
}

func (s *session) gone() error {
	return &unreachable{fmt.Sprintf("Connection '%s' disconnected.", transport.LogID(s.conn.ID())), context.Cause(s.context())}
}

// expect opens a question. While one is open reading goes on although much waits.
func (s *session) expect(ctx context.Context) (id string, answer chan *hubproto.Message, err error) {
	switch own := fromContext(ctx) == &s.conn; {
	case own && ctx.Value(refreshKey{}) != nil:
		return "", nil, errAskRefresh
	case !s.mayBeAsked(own):
		return "", nil, errAskEarly
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id = "s" + strconv.FormatInt(s.hub.asked.Add(1), 10)
	answer = make(chan *hubproto.Message, 1)
	s.busied()
	if s.asks == nil {
		s.asks = map[string]chan *hubproto.Message{}
	}
	s.asks[id] = answer
	s.hub.questions.Store(id, s)
	s.asking++
	s.flow()
	return id, answer, nil
}

// mayBeAsked reports whether the client listens; its own OnConnect must not ask it.
func (s *session) mayBeAsked(own bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answered && (s.entered || !own)
}

func (s *session) forgetAsk(id string) {
	s.hub.questions.Delete(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.asks, id)
	s.asking--
	s.flow()
	s.quieten()
}

// resolve hands an answer to whoever asked. Unknown ids, and a second answer,
// are ignored; an answer to what another client was asked ends this connection,
// while the question stays open.
func (s *session) resolve(m *hubproto.Message) (run bool) {
	id := string(m.ID)
	if owner, known := s.hub.questions.Load(id); known && owner != s {
		return s.violation(&refusedAsk{fmt.Sprintf("Connection ID '%s' is not valid for invocation ID '%s'.", transport.LogID(s.conn.ID()), id)})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if answer := s.asks[id]; answer != nil {
		s.asks[id] = nil
		answer <- m.Clone()
	}
	return false
}

// overrun reports that a call goes beyond what may wait while an Ask does.
func (s *session) overrun(e entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asking > 0 && s.queued+e.size > maxQueuedAsking
}

// turnAway fails the newest call; one that nobody waits for cannot be told, so
// the connection ends and the client may come back.
func (s *session) turnAway(e entry) (run bool) {
	if e.stream != nil {
		e.stream.close()
	}
	const text = "Too many calls wait while the server waits for this client's answer."
	if len(e.msg.ID) > 0 {
		s.fail(e.msg, errInvoking(string(e.msg.Target), " HubException: "+text), nil)
		return false
	}
	return s.endInOrder(closing{cause: Error(text), ctxCause: ErrDisconnected, text: connectionError(""), allowReconnect: true})
}
