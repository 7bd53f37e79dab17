package activation

// compose puts changes into messages of at most so many, in order. It depends
// on nothing but the changes, so that whoever takes over in the middle of
// sending them composes the same messages.
//
// All changes of a profile are in one message, or, where they are more than a
// message carries, in messages of their own. So a message that has to wait
// holds back no other profile's changes, except those that it carries.
func compose(changes []Change, most int) [][]Change {
	var order []string
	of := map[string][]Change{}
	for _, c := range changes {
		if _, known := of[c.Profile]; !known {
			order = append(order, c.Profile)
		}
		of[c.Profile] = append(of[c.Profile], c)
	}
	var messages [][]Change
	var open []Change
	for _, profile := range order {
		own := of[profile]
		if len(own) > most {
			for ; len(own) > most; own = own[most:] {
				messages = append(messages, own[:most:most])
			}
			messages = append(messages, own)
			continue
		}
		if len(open)+len(own) > most {
			messages, open = append(messages, open), nil
		}
		open = append(open, own...)
	}
	if len(open) > 0 {
		messages = append(messages, open)
	}
	return messages
}

// alone puts changes into messages of one profile each, of at most so many.
func alone(changes []Change, most int) [][]Change {
	var messages [][]Change
	of := map[string]int{} // by profile: its newest message, from 1
	for _, c := range changes {
		at := of[c.Profile]
		if at == 0 || len(messages[at-1]) == most {
			messages = append(messages, nil)
			at = len(messages)
			of[c.Profile] = at
		}
		messages[at-1] = append(messages[at-1], c)
	}
	return messages
}

// lanes puts messages that carry changes of one profile behind each other. sent
// says that they may have been sent before.
func lanes(messages [][]Change, sent bool) [][]*parcel {
	var out [][]*parcel
	of := map[string]int{} // by profile: its lane
	for _, changes := range messages {
		p := newParcel(changes)
		p.sent = sent
		if at, known := of[changes[0].Profile]; known {
			out[at] = append(out[at], p)
			continue
		}
		of[changes[0].Profile] = len(out)
		out = append(out, []*parcel{p})
	}
	return out
}
