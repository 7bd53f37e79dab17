package projection

// Union returns the least that keeps what each of some projections keeps, for
// one reading that serves all of them.
func Union(list ...Projection) Projection {
	var all Projection
	type selector struct {
		name   string
		prefix bool
	}
	merged := map[selector]Stream{}
	for _, p := range list {
		all.IDs, all.Seen = all.IDs || p.IDs, all.Seen || p.Seen
		all.Groups, all.GroupTraits = all.Groups || p.Groups, all.GroupTraits || p.GroupTraits
		all.Traits, all.Calls = joinPaths(all.Traits, p.Traits), joinPaths(all.Calls, p.Calls)
		for _, s := range p.Streams {
			key := selector{s.Name, s.Prefix}
			before := merged[key]
			merged[key] = Stream{s.Name, s.Prefix, joinPaths(before.Properties, s.Properties), joinPaths(before.Contexts, s.Contexts)}
		}
	}
	for _, s := range merged {
		all.Streams = append(all.Streams, s)
	}
	sortStreams(all.Streams)
	return all
}
