package auth_test

import (
	"log"
	"net/http"

	"github.com/switchboard-rt/switchboard"
	"github.com/switchboard-rt/switchboard/auth"
	"github.com/switchboard-rt/switchboard/endpoint"
)

// A hub for users of a login service.
func ExampleNew() {
	v, err := auth.New(&auth.Options{
		KeysURL:  "https://login.example/.well-known/jwks.json",
		Issuer:   "https://login.example/",
		Audience: []string{"chat"},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer v.Close()
	hub := switchboard.NewHub("chat", nil)
	hub.Handle("Who", func(c *switchboard.Conn) string { return c.User().ID })
	mux := http.NewServeMux()
	endpoint.Mount(mux, "/chatHub", hub, &endpoint.Options{Authenticate: v.Authenticate})
	log.Fatal(http.ListenAndServe("localhost:5000", mux))
}
