package stack

import (
	"errors"
	"fmt"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"muster/test/kit/kafka"
)

// expire takes members out of their groups once their session is over, on the
// fake broker only: killed and frozen evaluators, and what is left of members
// that came again. There, a member whose connection broke while the broker
// owed it an answer is never missed; a real broker counts its session down all
// the same.
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
	// Only behind a link does a connection break that nobody's death breaks.
	if len(dead) == 0 && !s.Linked || time.Since(s.expired) < s.session()/4 {
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

// remove makes the members with these client ids, and those that came again
// under another id, leave a group.
func (s *System) remove(group string, clients map[string]bool) error {
	ctx, cancel := s.bounded()
	defer cancel()
	found, err := s.admin.DescribeGroups(ctx, &kafkago.DescribeGroupsRequest{GroupIDs: []string{group}})
	if err != nil {
		return fmt.Errorf("listing members: %w", err)
	}
	members := found.Groups[0].Members
	left := s.leftBehind(members)
	for _, m := range members {
		if !clients[evaluatorOf(m.ClientID)] && !left[m.MemberID] {
			continue
		}
		answer, err := s.admin.LeaveGroup(ctx, &kafkago.LeaveGroupRequest{
			GroupID: group, Members: []kafkago.LeaveGroupRequestMember{{ID: m.MemberID}},
		})
		if err == nil {
			err = answer.Error
		}
		if err != nil && !errors.Is(err, kafkago.UnknownMemberId) {
			return fmt.Errorf("removing %s: %w", m.ClientID, err)
		}
	}
	return nil
}

// evaluatorOf returns the name of the evaluator that a member is of.
func evaluatorOf(client string) string {
	name, _, _ := strings.Cut(client, "@")
	return name
}

// leftBehind returns the ids of members that have been there for longer than
// a session beside a newer one of the same evaluator, which has one member in
// a group. Should it be the wrong one, it joins again.
func (s *System) leftBehind(members []kafkago.DescribeGroupsResponseMember) map[string]bool {
	newest := map[string]string{} // by client id: member id
	for _, m := range members {
		if _, known := s.seen[m.MemberID]; !known {
			s.seen[m.MemberID] = time.Now()
		}
		if other, known := newest[m.ClientID]; !known || s.seen[m.MemberID].After(s.seen[other]) {
			newest[m.ClientID] = m.MemberID
		}
	}
	left := map[string]bool{}
	for _, m := range members {
		last := newest[m.ClientID]
		if m.MemberID != last && time.Since(s.seen[last]) > s.session() {
			left[m.MemberID] = true
		}
	}
	return left
}
