package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"muster/activation"
	"muster/activation/webhook"
	"muster/spelling"
)

// activateCommand is what is done about destinations, by hand.
type activateCommand struct {
	Status activateStatus `cmd:"" help:"Show how far each destination has come, from Redis."`
	Test   activateTest   `cmd:"" help:"Send a destination a signed sample and print the answer."`
	Pause  activatePause  `cmd:"" help:"Send a destination nothing until it is resumed; its changes wait."`
	Resume activateResume `cmd:"" help:"Go on with a destination that was paused, or that has answered 410 Gone."`
	Enable activateEnable `cmd:"" help:"Go on with a destination that has answered 410 Gone."`
	Dead   activateDead   `cmd:"" help:"List the changes that a destination was not sent in the end, and why, or send them again."`
	Log    activateLog    `cmd:"" help:"Show each attempt to send a profile's changes, and what came of it."`

	Reconcile activateReconcile `cmd:"" help:"Tell a destination who all members are, by a snapshot run."`
	Replay    activateReplay    `cmd:"" help:"Send a destination again what the outbox keeps since an instant."`
}

// Help is shown by --help.
func (activateCommand) Help() string {
	return `Destinations are where membership changes are sent to: files under destinations.path
in the configuration, see docs/activation.md. These commands work against Redis alone,
whether evaluators run or not.`
}

// named is the configuration and one destination of it.
type named struct {
	Config string `short:"c" required:"" placeholder:"FILE" help:"Configuration file, as the evaluators have it."`
	Name   string `arg:"" name:"destination" placeholder:"DESTINATION" help:"Name of the destination."`
}

// operate calls work with the deployment and the destination.
func (n named) operate(c console, work func(context.Context, *reader, *activation.Destination) error) error {
	d, err := n.find()
	if err != nil {
		return err
	}
	return withReader(c, n.Config, func(ctx context.Context, r *reader) error { return work(ctx, r, d) })
}

// find reads the destination's definition.
func (n named) find() (*activation.Destination, error) {
	destinations, err := configured(n.Config)
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range destinations {
		if destinations[i].Name == n.Name {
			return &destinations[i], nil
		}
		names = append(names, destinations[i].Name)
	}
	hint := "there are " + strings.Join(names, ", ")
	if near := spelling.Nearest(n.Name, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return nil, unusable(fmt.Errorf("there is no destination %s; %s", n.Name, hint))
}

// configured reads the destinations of a configuration, without the segments
// that they ask for.
func configured(path string) ([]activation.Destination, error) {
	cfg, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	if cfg.Destinations.Path == "" {
		return nil, unusable(errors.New("destinations.path is not set in the configuration: see docs/activation.md"))
	}
	destinations, err := activation.Read(cfg.Destinations.Path, webhook.Check)
	if err != nil {
		return nil, unusable(err)
	}
	return destinations, nil
}
