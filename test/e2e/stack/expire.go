package stack

import (
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"muster/test/kit/kafka"
)

// expire takes killed and frozen evaluators out of their groups once their
// session is over, on the fake broker only. There, a member whose connection
// broke while the broker owed it an answer is never missed; a real broker
// counts its session down all the same.
func (s *System) expire() error {
	if kafka.Real() {
		return nil
	}
	dead := map[string]bool{}
	for _, e := range s.evaluators {
		if !e.silent.IsZero() && time.Since(e.silent) > s.session() {
			dead[e.name] = true
		}
	}
	if len(dead) == 0 || time.Since(s.expired) < s.session()/4 {
		return nil
	}
	s.expired = time.Now()
	for _, group := range []string{s.group(), s.group() + "-router"} {
		if err := s.remove(group, dead); err != nil {
			return fmt.Errorf("expiring members of %s: %w", group, err)
		}
	}
	return nil
}

// remove makes the members with these client ids leave a group.
func (s *System) remove(group string, clients map[string]bool) error {
	ctx, cancel := s.bounded()
	defer cancel()
	found, err := s.admin.DescribeGroups(ctx, &kafkago.DescribeGroupsRequest{GroupIDs: []string{group}})
	if err != nil {
		return fmt.Errorf("listing members: %w", err)
	}
	for _, m := range found.Groups[0].Members {
		if !clients[m.ClientID] {
			continue
		}
		left, err := s.admin.LeaveGroup(ctx, &kafkago.LeaveGroupRequest{
			GroupID: group, Members: []kafkago.LeaveGroupRequestMember{{ID: m.MemberID}},
		})
		if err == nil {
			err = left.Error
		}
		if err != nil && !errors.Is(err, kafkago.UnknownMemberId) {
			return fmt.Errorf("removing %s: %w", m.ClientID, err)
		}
	}
	return nil
}
