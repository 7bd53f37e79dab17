package load

import (
	"math/rand/v2"
)

// shards is the number of partitions, and so of workers at a time.
const shards = 4

// population is who the events are of.
type population struct {
	name     string
	profiles int
	cache    int  // bytes of profiles that a shard may keep in memory
	fits     bool // whether all of them fit the cache; then they act by Zipf, else evenly
}

// populations are hot, whose profiles all fit the cache and few of whom act
// often, and cold, of whom a hundredth fits and everybody acts as often.
func populations(hot, cold int) map[string]population {
	return map[string]population{
		"hot":  {name: "hot", profiles: hot, cache: 1 << 30, fits: true},
		"cold": {name: "cold", profiles: cold, cache: 16 << 20},
	}
}

// picker returns what draws the profile that acts next: Zipf with exponent
// 1.1, flattened over the first 10, or uniform.
func (p population) picker(r *rand.Rand) func() int {
	if !p.fits {
		return func() int { return r.IntN(p.profiles) }
	}
	ranks := rand.NewZipf(r, 1.1, 10, uint64(p.profiles-1))
	return func() int { return int(ranks.Uint64()) }
}
