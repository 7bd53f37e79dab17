package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/segmentio/kafka-go"
)

// claimSuffix ends the name of the group that keeps whose a group or a topic
// is. Nobody ever joins it, so it takes a commit at any time, also while the
// group itself has members.
const claimSuffix = "-deployment"

// Deployment is who uses a consumer group and a keyed topic. What is kept of
// it is for people, but for the ID.
type Deployment struct {
	ID     string // of its store; "" for one that has none yet
	Prefix string // of its keys in Redis
	Redis  string // where that is
}

// same reports whether both say that their keys are at one place. A store
// that was emptied comes back there with another ID.
func (d Deployment) same(other Deployment) bool {
	return d.Prefix == other.Prefix && d.Redis == other.Redis
}

func (d Deployment) format() string { return "muster " + d.ID + " " + d.Prefix + " " + d.Redis }

// parseDeployment reads what format wrote, and reports whether it is that.
func parseDeployment(text string) (Deployment, bool) {
	parts := strings.SplitN(text, " ", 4)
	if len(parts) < 4 || parts[0] != "muster" || parts[1] == "" {
		return Deployment{}, false
	}
	return Deployment{parts[1], parts[2], parts[3]}, true
}

// ClaimedError says that a group or a keyed topic is another deployment's.
type ClaimedError struct {
	Setting, Name string // kafka.group or kafka.keyed, and its value
	Owner         Deployment
}

// Error says whose it is, and what to change.
func (e *ClaimedError) Error() string {
	return fmt.Sprintf("%s %s belongs to another deployment, %s, with redis.prefix %s in redis at %s: set %s to a name of "+
		"this deployment's own, or leave it out for one that follows redis.prefix; if that deployment is no more, or was moved "+
		"here, run evaluator init --take-over", e.Setting, e.Name, e.Owner.ID, e.Owner.Prefix, e.Owner.Redis, e.Setting)
}

// claim is one thing of Kafka's that belongs to one deployment.
type claim struct{ setting, name string }

func (c claim) group() string { return c.name + claimSuffix }

func (c *Config) claims() []claim {
	return []claim{{"kafka.group", c.Group}, {"kafka.keyed", c.Keyed}}
}

// CheckClaim returns a *ClaimedError when the group or the keyed topic is
// another deployment's. A deployment that begins on an empty store is taken
// for the one that was at the same place before.
func (c *Cluster) CheckClaim(ctx context.Context, d Deployment, begins bool) error {
	for _, claim := range c.cfg.claims() {
		owners, err := c.owners(ctx, claim)
		if err != nil {
			return err
		}
		for _, owner := range owners {
			if owner.ID != d.ID && (!begins || !owner.same(d)) {
				return &ClaimedError{claim.setting, claim.name, owner}
			}
		}
	}
	return nil
}

// Claim leaves the deployment with its group and its keyed topic, which must
// exist, or returns a *ClaimedError when another was there first. Kafka
// forgets a claim some days after the last one
// (offsets.retention.minutes), so it is made again now and then.
func (c *Cluster) Claim(ctx context.Context, d Deployment) error {
	if err := c.CheckClaim(ctx, d, false); err != nil {
		return err
	}
	if err := c.TakeOver(ctx, d); err != nil {
		return err
	}
	return c.CheckClaim(ctx, d, false) // of two that came at once the last one has it
}

// TakeOver is Claim, whoever else was there.
func (c *Cluster) TakeOver(ctx context.Context, d Deployment) error {
	for _, claim := range c.cfg.claims() {
		if err := insist(ctx, func() error { return c.leave(ctx, claim, d) }); err != nil {
			return fmt.Errorf("claiming %s %s: %w", claim.setting, claim.name, c.explain(err))
		}
	}
	return nil
}

// leave writes a deployment beside an offset, the one thing that a group
// keeps for everybody and that needs no topic of its own. What another has
// left there with another topic becomes this one's too.
func (c *Cluster) leave(ctx context.Context, claim claim, d Deployment) error {
	owners, err := c.owners(ctx, claim)
	if err != nil {
		return err
	}
	commit := []kafka.OffsetCommit{{Partition: 0, Metadata: d.format()}}
	commits := map[string][]kafka.OffsetCommit{c.cfg.Keyed: commit}
	for topic, owner := range owners {
		if owner.ID != d.ID {
			commits[topic] = commit
		}
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	const nobody = -1 // who commits is no member
	res, err := c.client.OffsetCommit(ctx, &kafka.OffsetCommitRequest{GroupID: claim.group(), GenerationID: nobody, Topics: commits})
	if err != nil {
		return err
	}
	var errs []error
	for _, partitions := range res.Topics {
		for _, p := range partitions {
			errs = append(errs, p.Error)
		}
	}
	return errors.Join(errs...)
}

// owners returns what was left with a claim, by the keyed topic that its
// deployment had then.
func (c *Cluster) owners(ctx context.Context, claim claim) (map[string]Deployment, error) {
	var res *kafka.OffsetFetchResponse
	err := insist(ctx, func() (err error) {
		ctx, cancel := context.WithTimeout(ctx, answerTimeout)
		defer cancel()
		res, err = c.client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: claim.group()})
		if err == nil {
			err = res.Error
		}
		return err
	})
	if errors.Is(err, kafka.GroupIdNotFound) { // some brokers say so of a group that nobody has used
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("asking whose %s %s is: %w", claim.setting, claim.name, c.explain(err))
	}
	owners := map[string]Deployment{}
	for topic, partitions := range res.Topics {
		for _, p := range partitions {
			if d, left := parseDeployment(p.Metadata); left {
				owners[topic] = d
			}
		}
	}
	return owners, nil
}
