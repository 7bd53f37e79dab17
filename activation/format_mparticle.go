package activation

import (
	"hash/fnv"
	"strconv"
)

// The body that mParticle forwards audiences with: an
// audience_membership_change_request of its Firehose, as the examples of
// mparticle-firehose-java-sdk have it. What such a receiver demands and Muster
// has no value for is there and empty.
//
//   - A profile is the user identity "customer".
//   - audience_name is the segment's id. audience_id must be a number there, so
//     it is made of the segment's id: the same for ever, but two of 10,000
//     segments have the same one in 1 of 40 deployments. Go by the name.
//   - A profile stands in the body once, with each of its audiences once: the
//     shape has no order, so only the newest change of an audience is in it.

const (
	firehoseHead = `{"type":"audience_membership_change_request","id":"`
	firehoseRest = `,"firehose_version":"2.8.1","account":{"account_id":0,"account_settings":{}},"user_profiles":[`
	identityHead = `{"user_identities":[{"type":"customer","encoding":"raw","value":`
)

func encodeMParticle(to []byte, changes []Change, _ bool) []byte {
	to = append(append(append(to, firehoseHead...), uuidOf(changes)...), '"')
	to = strconv.AppendInt(appendKey(to, "timestamp_ms"), newestOf(changes), 10)
	to = append(to, firehoseRest...)
	for i, profile := range byProfile(changes) {
		if i > 0 {
			to = append(to, ',')
		}
		to = appendText(append(to, identityHead...), profile[0].Profile)
		to = append(to, `}],"audiences":[`...)
		for i, change := range profile {
			if i > 0 {
				to = append(to, ',')
			}
			to = appendAudience(to, change)
		}
		to = append(to, `]}`...)
	}
	return append(to, `]}`...)
}

func appendAudience(to []byte, change *Change) []byte {
	to = strconv.AppendInt(append(to, `{"audience_id":`...), audienceNumber(change.Segment), 10)
	to = appendField(to, "audience_name", change.Segment)
	action := "delete"
	if change.Entered {
		action = "add"
	}
	return append(appendField(to, "action", action), '}')
}

// audienceNumber is from 0 to 2^31-1, as the receivers' integers are signed.
func audienceNumber(segment string) int64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(segment)) // never fails
	sum := hash.Sum64()
	return int64((sum ^ sum>>32) & 0x7fffffff)
}

// newestOf returns the latest time of the changes.
func newestOf(changes []Change) int64 {
	newest := changes[0].At
	for i := range changes {
		newest = max(newest, changes[i].At)
	}
	return newest
}

// byProfile groups changes by profile, both in the order in which they first
// appear, and keeps the newest of each segment: that of the highest version,
// of equal ones the later.
func byProfile(changes []Change) [][]*Change {
	var groups [][]*Change
	group := make(map[string]int, len(changes))
	place := make(map[membership]int, len(changes))
	for i := range changes {
		change := &changes[i]
		g, ok := group[change.Profile]
		if !ok {
			g = len(groups)
			group[change.Profile], groups = g, append(groups, nil)
		}
		which := membership{change.Profile, change.Segment}
		at, ok := place[which]
		switch {
		case !ok:
			place[which], groups[g] = len(groups[g]), append(groups[g], change)
		case change.Version >= groups[g][at].Version:
			groups[g][at] = change
		}
	}
	return groups
}
