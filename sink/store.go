package sink

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"muster/pipeline"
)

// Store keeps shards in Redis. It is safe for concurrent use, but for commits
// to one shard, which have only one owner anyway.
type Store struct {
	cfg    Config
	keys   keys
	client redis.UniversalClient
	lines  *lines // of client
	looks  *gatherer

	drafts   sync.Pool // of *draft
	expiries expiries

	now func() time.Time // by which flows are kept

	mu     sync.Mutex
	epochs map[int]int64       // of the shards this store has opened
	flows  map[int]*shardFlows // of those that it has committed since
	sizes  map[int]*knownSizes // the same

	milestones  map[int]*milestones // the same
	chroniclers map[int]*chronicler // of those, where a chronicle is kept
}

var _ pipeline.Store = (*Store)(nil)

// New connects to Redis and refuses a server that could lose profiles, a node
// of a Redis Cluster when the configuration says otherwise, and a deployment
// of another schema. Close the Store after use.
func New(ctx context.Context, cfg Config) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("checking sink configuration: %w", err)
	}
	open := newLines()
	s := &Store{
		cfg:    cfg,
		keys:   keys{prefix: cfg.Prefix, buckets: cfg.Buckets},
		client: connect(cfg, open),
		lines:  open,
		drafts: sync.Pool{New: func() any { return new(draft) }},
		now:    time.Now,
		epochs: map[int]int64{},
		flows:  map[int]*shardFlows{},
		sizes:  map[int]*knownSizes{},

		milestones:  map[int]*milestones{},
		chroniclers: map[int]*chronicler{},
	}
	s.looks = newGatherer(s.carry)
	if err := s.inspect(ctx); err != nil {
		_ = s.client.Close()
		return nil, err
	}
	return s, nil
}

// Close closes all connections.
func (s *Store) Close() error { return s.client.Close() }

// connect returns a client that never repeats a command by itself: after a
// lost reply, a repeated XADD or RPUSH would apply twice. What may be
// repeated is repeated by Store.retry.
func connect(cfg Config, open *lines) redis.UniversalClient {
	options := &redis.UniversalOptions{
		Addrs:         cfg.Addresses,
		IsClusterMode: cfg.cluster(),
		DB:            cfg.DB,
		Dialer:        cfg.TLS.Over(open.over((&net.Dialer{Timeout: cfg.DialTimeout}).DialContext)),

		MaxRetries:    -1,
		DialerRetries: 1,
		DialTimeout:   cfg.DialTimeout,
		ReadTimeout:   cfg.ReadTimeout,
		WriteTimeout:  cfg.WriteTimeout,
		PoolSize:      cfg.Connections,
		// Pipelines share the pool, so that Connections is the bound.
		PipelinePoolSize: -1,

		ContextTimeoutEnabled:    true,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if cfg.authenticated() {
		options.CredentialsProviderContext = func(context.Context) (string, string, error) {
			password, err := cfg.password()
			return cfg.Username, password, err
		}
	}
	return redis.NewUniversalClient(options)
}

// own returns the epoch of a shard that this store has opened.
func (s *Store) own(shard int) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	epoch, opened := s.epochs[shard]
	if !opened {
		return 0, errors.New("this store has not opened it")
	}
	return epoch, nil
}

func (s *Store) setEpoch(shard int, epoch int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epochs[shard] = epoch
	delete(s.flows, shard) // another owner may have written since
	delete(s.sizes, shard)
}

// opened returns the shards that this store has ever opened.
func (s *Store) opened() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.epochs))
}
