// Command switchboard is a real-time server with a gallery of demos.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exitAtSecond(os.Interrupt, syscall.SIGTERM)
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "switchboard:", err)
		os.Exit(1)
	}
}

// exitAtSecond ends the process at once at the second of these signals. Their
// default action would not do: a script starts what it puts into the background
// with SIGINT ignored.
func exitAtSecond(signals ...os.Signal) {
	got := make(chan os.Signal, 2)
	signal.Notify(got, signals...)
	go func() { // ends with the process
		<-got
		second, _ := (<-got).(syscall.Signal)
		os.Exit(128 + int(second)) // as shells have it; nothing is printed, which could block
	}()
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "switchboard",
		Short:         "Real-time hubs and raw WebSocket lines, with SignalR's own clients",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(serveCommand(), configCommand(), tokenCommand(), doctorCommand())
	return root
}
