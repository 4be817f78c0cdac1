package endpoint_test

import (
	"errors"
	"net/http"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/endpoint"
	"github.com/switchboard-rt/switchboard/transport"
)

// A hub for a page on another origin, with users.
func ExampleMount() {
	hub := switchboard.NewHub("orders", nil)
	mux := http.NewServeMux()
	endpoint.Mount(mux, "/orders", hub, &endpoint.Options{
		AllowedOrigins: []string{"https://shop.example"},
		Authenticate: func(r *http.Request) (*transport.User, error) {
			id, ok := userOf(endpoint.BearerToken(r))
			if !ok {
				return nil, errors.New("unknown token")
			}
			return &transport.User{ID: id}, nil // hub.User(id) reaches all their connections
		},
	})
}

func userOf(token string) (id string, ok bool) { return "ann", token != "" }
