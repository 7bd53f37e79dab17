package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// insistFor bounds how long a question is asked again.
const insistFor = 10 * time.Second

// Extent is what one partition of the keyed topic holds.
type Extent struct {
	First    int64 // offset of the first record that is kept
	End      int64 // offset that the next record will get
	Replicas int   // of the partition
}

// Extents returns what every partition of the keyed topic holds. It returns
// an error that wraps kafka.UnknownTopicOrPartition when there is still no
// such topic after 3 s.
func (c *Cluster) Extents(ctx context.Context) ([]Extent, error) {
	partitions, err := c.awaitTopic(ctx, c.cfg.Keyed)
	if err != nil {
		return nil, fmt.Errorf("looking for topic %s: %w", c.cfg.Keyed, err)
	}
	extents := make([]Extent, len(partitions))
	for _, p := range partitions {
		var first, end int64
		err := insist(ctx, func() (err error) {
			first, end, err = c.bounds(ctx, c.cfg.Keyed, p.ID)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("looking at topic %s partition %d: %w", c.cfg.Keyed, p.ID, c.explain(err))
		}
		extents[p.ID] = Extent{First: first, End: end, Replicas: len(p.Replicas)}
	}
	return extents, nil
}

// Members returns who is in the group of the keyed topic or in the router's,
// by client and host. One that was killed is in it for Config.SessionTimeout
// more.
func (c *Cluster) Members(ctx context.Context) ([]string, error) {
	var members []string
	for _, group := range []string{c.cfg.Group, c.cfg.routerGroup()} {
		var found []kafka.DescribeGroupsResponseMember
		err := insist(ctx, func() (err error) {
			found, err = c.describe(ctx, group)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("listing members of group %s: %w", group, c.explain(err))
		}
		for _, m := range found {
			members = append(members, fmt.Sprintf("%s at %s in group %s", m.ClientID, m.ClientHost, group))
		}
	}
	return members, nil
}

// insist asks again for up to insistFor while a broker says that the answer
// will be another one soon: a topic that was just created has no leader yet,
// a group no coordinator.
func insist(ctx context.Context, ask func() error) error {
	for deadline := time.Now().Add(insistFor); ; {
		err := ask()
		var own kafka.Error
		if !errors.As(err, &own) || !own.Temporary() || time.Now().After(deadline) {
			return err
		}
		if pause(ctx, 50*time.Millisecond) != nil {
			return err
		}
	}
}

func (c *Cluster) describe(ctx context.Context, group string) ([]kafka.DescribeGroupsResponseMember, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	res, err := c.client.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{group}})
	if err != nil {
		return nil, err
	}
	var members []kafka.DescribeGroupsResponseMember
	for _, g := range res.Groups {
		if g.Error != nil {
			return nil, g.Error
		}
		members = append(members, g.Members...)
	}
	return members, nil
}
