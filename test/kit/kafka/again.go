package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// emptying bounds how long a broker may take to forget what a test left.
const emptying = 30 * time.Second

// again are the real brokers of a package whose tests go through Main. Starting
// one takes five seconds, and forgetting what a test left takes less than one.
var again struct {
	sync.Mutex
	folder string        // for all of them; "" without Main
	number int           // of brokers started
	idle   []*RealBroker // empty
}

// Main runs the tests of a package and returns their exit code. With it a real
// broker serves one test after the other, each finding it empty, unless a test
// failed, ended the broker or left something that can't be removed. A TestMain
// that uses it is os.Exit(kafka.Main(m)).
func Main(m *testing.M) int {
	if !Real() {
		return m.Run()
	}
	folder, err := os.MkdirTemp("", "muster-kafka-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "making a folder for brokers:", err)
		return 1
	}
	defer os.RemoveAll(folder)
	again.folder = folder
	defer func() {
		for _, b := range again.idle {
			b.end()
		}
	}()
	return m.Run()
}

// startAgain returns an empty broker that an earlier test had, or a new one.
func startAgain(t testing.TB) *RealBroker {
	t.Helper()
	again.Lock()
	defer again.Unlock()
	var b *RealBroker
	if last := len(again.idle) - 1; last >= 0 {
		b, again.idle = again.idle[last], again.idle[:last]
	} else {
		again.number++
		folder := filepath.Join(again.folder, strconv.Itoa(again.number))
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		b = startIn(t, folder)
	}
	t.Cleanup(func() { giveBack(t, b) })
	return b
}

// giveBack keeps a broker for the next test once it is empty, or ends it.
func giveBack(t testing.TB, b *RealBroker) {
	t.Helper()
	if t.Failed() || b.ended {
		b.end()
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), emptying)
	defer cancel()
	if err := b.empty(ctx); err != nil {
		t.Logf("the next test gets another broker: %v", err)
		b.end()
		return
	}
	again.Lock()
	defer again.Unlock()
	again.idle = append(again.idle, b)
}

// end ends a broker for good.
func (b *RealBroker) end() {
	_ = b.Kill() // its data is removed anyway
	b.release()
}

// empty removes all topics and groups, and returns once there are none.
func (b *RealBroker) empty(ctx context.Context) error {
	transport := &kafka.Transport{MetadataTTL: askAgain} // else it would say for 6 s what it has heard
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(b.Addresses()...), Transport: transport}
	for {
		left, err := remove(ctx, client)
		if err != nil || left == 0 {
			return err
		}
		select {
		case <-time.After(askAgain):
		case <-ctx.Done():
			return fmt.Errorf("removing topics and groups: %d are left: %w", left, ctx.Err())
		}
	}
}

// askAgain is how long a broker has for removing before it is looked at again.
const askAgain = 20 * time.Millisecond

// remove asks for the removal of all topics and groups that there are, and says
// how many there were.
func remove(ctx context.Context, client *kafka.Client) (int, error) {
	found, err := client.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return 0, fmt.Errorf("listing topics: %w", err)
	}
	var topics []string
	for _, topic := range found.Topics {
		if !topic.Internal {
			topics = append(topics, topic.Name)
		}
	}
	groups, err := groupsOf(ctx, client)
	if err != nil {
		return 0, err
	}
	if len(topics) > 0 {
		deleted, err := client.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: topics})
		if err != nil {
			return 0, fmt.Errorf("deleting topics: %w", err)
		}
		if err := first(deleted.Errors, kafka.UnknownTopicOrPartition); err != nil {
			return 0, fmt.Errorf("deleting topics: %w", err)
		}
	}
	if len(groups) > 0 {
		deleted, err := client.DeleteGroups(ctx, &kafka.DeleteGroupsRequest{GroupIDs: groups})
		if err != nil {
			return 0, fmt.Errorf("deleting groups: %w", err)
		}
		if err := first(deleted.Errors, kafka.GroupIdNotFound); err != nil {
			return 0, fmt.Errorf("deleting groups: %w", err)
		}
	}
	return len(topics) + len(groups), nil
}

func groupsOf(ctx context.Context, client *kafka.Client) ([]string, error) {
	listed, err := client.ListGroups(ctx, &kafka.ListGroupsRequest{})
	if err == nil {
		err = listed.Error
	}
	if err != nil {
		return nil, fmt.Errorf("listing groups: %w", err)
	}
	var groups []string
	for _, group := range listed.Groups {
		groups = append(groups, group.GroupID)
	}
	return groups, nil
}

// first returns one of the errors that is not the one which says that there is
// nothing to remove any more.
func first(errs map[string]error, gone kafka.Error) error {
	for name, err := range errs {
		if err != nil && !errors.Is(err, gone) {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
