package main

import (
	"context"

	"github.com/switchboard-rt/switchboard"
)

// newChat is the chat of the README.
func newChat() *switchboard.Hub {
	hub := switchboard.NewHub("chat", nil)
	hub.Handle("SendMessage", func(ctx context.Context, user, message string) error {
		return hub.All().Send(ctx, "ReceiveMessage", user, message)
	})
	return hub
}
