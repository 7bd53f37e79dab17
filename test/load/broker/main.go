// Command broker is a fake Kafka broker as a process of its own, so that what
// it costs is not counted as anybody else's. It keeps its data in a folder,
// prints its address, and goes on until it is told to end.
//
// The trap: started again on the folder it holds what it held, but listens
// elsewhere.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"muster/test/kit/kafka"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "broker:", err)
		os.Exit(1)
	}
}

func run(arguments []string, out io.Writer) error {
	if len(arguments) != 1 {
		return fmt.Errorf("it takes the folder to keep data in, not %d arguments", len(arguments))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	broker, err := kafka.StartFake(arguments[0])
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, broker.Addresses()[0]); err != nil {
		return fmt.Errorf("telling the address: %w", err)
	}
	<-ctx.Done()
	return broker.Stop()
}
