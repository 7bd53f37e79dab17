package sink

import "context"

// scanPage is how many members a reply of SSCAN brings, roughly.
const scanPage = 1000

// Members calls fn with every profile in a segment, in no order, until fn
// returns an error, which it passes on. A profile that enters or leaves
// meanwhile may be seen or not, and while a set grows or shrinks a profile
// may be seen twice.
func (s *Store) Members(ctx context.Context, segment string, fn func(profile string) error) error {
	_, _, err := s.MembersFrom(ctx, segment, Cursor{}, noLimit, fn)
	return err
}

func (s *Store) scanFrom(ctx context.Context, key string, cursor uint64, fn func(string) error) error {
	for {
		var page []string
		err := s.retry(ctx, "reading members", func(ctx context.Context) (err error) {
			var next uint64
			page, next, err = s.client.SScan(ctx, key, cursor, "", scanPage).Result()
			if err == nil {
				cursor = next
			}
			return err
		})
		if err != nil {
			return err
		}
		for _, profile := range page {
			if err := fn(profile); err != nil {
				return err
			}
		}
		if cursor == 0 {
			return nil
		}
	}
}

// Profile returns a stored profile, nil if there is none. Anyone may ask: it
// does not matter who owns the shard.
func (s *Store) Profile(ctx context.Context, shard int, profile string) ([]byte, error) {
	blobs, err := s.SomeProfiles(ctx, shard, []string{profile})
	if err != nil || blobs[0] == "" {
		return nil, err
	}
	return []byte(blobs[0]), nil
}

// Profiles returns stored profiles of a shard in the order of their ids, "" for
// each that there is none of. Anyone may ask, as of Profile.
func (s *Store) Profiles(ctx context.Context, shard int, profiles []string) ([]string, error) {
	return s.SomeProfiles(ctx, shard, profiles)
}
