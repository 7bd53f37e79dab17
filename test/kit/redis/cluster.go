package redis

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	client "github.com/redis/go-redis/v9"

	"muster/test/kit/network"
	"muster/test/kit/port"
)

const (
	slots       = 16384
	clusterWait = 5 * time.Minute // for all nodes to agree
)

// Cluster is a Redis Cluster of processes on 127.0.0.1.
type Cluster struct {
	Nodes     []*Server       // the masters, then the replicas of each master in turn
	Addresses []string        // host:port of every node
	Links     []*network.Link // in front of every node, if it is linked
	security  *Security
}

// StartCluster runs a Redis Cluster with the given number of masters and of
// replicas for each master until the test ends. It returns once every node
// sees the whole cluster. Directives are added to every node's redis.conf.
func StartCluster(t testing.TB, masters, replicas int, directives ...string) *Cluster {
	t.Helper()
	return (&Cluster{}).start(t, masters, replicas, directives)
}

// StartLinkedCluster is StartCluster with a Link in front of every node. The
// nodes name the Links' addresses to clients and to each other.
func StartLinkedCluster(t testing.TB, masters, replicas int, directives ...string) *Cluster {
	t.Helper()
	c := &Cluster{}
	for range masters * (1 + replicas) {
		c.Links = append(c.Links, network.Open(t))
	}
	return c.start(t, masters, replicas, directives)
}

func (c *Cluster) start(t testing.TB, masters, replicas int, directives []string) *Cluster {
	t.Helper()
	for i := range masters * (1 + replicas) {
		node := c.startNode(t, i, directives)
		c.Nodes = append(c.Nodes, node)
		c.Addresses = append(c.Addresses, node.Address)
	}
	ctx, cancel := context.WithTimeout(context.Background(), clusterWait)
	defer cancel()
	if err := c.join(ctx, masters, replicas); err != nil {
		t.Fatalf("building redis cluster: %v", err)
	}
	return c
}

// Client returns a cluster client that is closed when the test ends.
func (c *Cluster) Client(t testing.TB) *client.ClusterClient {
	o := &client.ClusterOptions{Addrs: c.Addresses, DisableIdentity: true}
	if c.security != nil {
		o.TLSConfig, o.Username, o.Password = c.security.tls, Admin, AdminPassword
	}
	cluster := client.NewClusterClient(o)
	t.Cleanup(func() { _ = cluster.Close() })
	return cluster
}

// startNode picks the bus port itself: by default it is the port plus
// 10,000, which may be taken or above 65,535.
func (c *Cluster) startNode(t testing.TB, number int, directives []string) *Server {
	t.Helper()
	own := []string{
		"cluster-enabled yes",
		fmt.Sprintf("cluster-port %d", port.Hold(t).Number),
		"cluster-node-timeout 2000",
		// A replica takes over however long it has been cut off, so that
		// tests can make a failover lose writes.
		"cluster-replica-validity-factor 0",
		// With diskless replication a replica that says its link is up may
		// be sent nothing for another second.
		"repl-diskless-sync no",
	}
	if c.Links == nil {
		return start(t, c.security, append(own, directives...))
	}
	link := c.Links[number]
	_, announced, err := net.SplitHostPort(link.Address)
	if err != nil {
		t.Fatal(err)
	}
	node := start(t, c.security, append(append(own, "cluster-announce-port "+announced), directives...))
	link.To(node.Address)
	return node
}

func (c *Cluster) join(ctx context.Context, masters, replicas int) error {
	clients := make([]*client.Client, len(c.Nodes))
	for i, node := range c.Nodes {
		clients[i] = client.NewClient(node.options())
		defer func() { _ = clients[i].Close() }()
	}
	for i := range masters {
		first, last := i*slots/masters, (i+1)*slots/masters-1
		if err := clients[i].ClusterAddSlotsRange(ctx, first, last).Err(); err != nil {
			return fmt.Errorf("giving slots to %s: %w", c.Addresses[i], err)
		}
	}
	if err := c.meet(ctx, clients); err != nil {
		return err
	}
	for i := masters; i < len(clients); i++ {
		master := (i - masters) / replicas
		if err := replicate(ctx, clients[i], clients[master]); err != nil {
			return fmt.Errorf("making %s a replica: %w", c.Addresses[i], err)
		}
	}
	return c.awaitAgreement(ctx, clients, masters)
}

// meet introduces every node to the first one; gossip does the rest.
func (c *Cluster) meet(ctx context.Context, clients []*client.Client) error {
	for i, node := range clients {
		bus, err := node.ConfigGet(ctx, "cluster-port").Result()
		if err != nil {
			return fmt.Errorf("reading bus port of %s: %w", c.Addresses[i], err)
		}
		if err := clients[0].Do(ctx, "cluster", "meet", "127.0.0.1", c.Nodes[i].port, bus["cluster-port"]).Err(); err != nil {
			return fmt.Errorf("introducing %s: %w", c.Addresses[i], err)
		}
	}
	return nil
}

// replicate waits until the replica has heard of its master.
func replicate(ctx context.Context, replica, master *client.Client) error {
	id, err := master.Do(ctx, "cluster", "myid").Text()
	if err != nil {
		return err
	}
	return await(ctx, func() error { return replica.ClusterReplicate(ctx, id).Err() })
}

// awaitAgreement waits until every node sees all nodes, all slots served,
// and every replica in step with its master.
func (c *Cluster) awaitAgreement(ctx context.Context, clients []*client.Client, masters int) error {
	for i, node := range clients {
		err := await(ctx, func() error {
			info, err := node.ClusterInfo(ctx).Result()
			if err != nil {
				return err
			}
			for _, want := range []string{
				"cluster_state:ok",
				fmt.Sprintf("cluster_known_nodes:%d\r", len(clients)),
				fmt.Sprintf("cluster_size:%d\r", masters),
			} {
				if !strings.Contains(info, want) {
					return fmt.Errorf("no %q in the answer of %s", want, c.Addresses[i])
				}
			}
			if i < masters {
				return nil
			}
			replication, err := node.Info(ctx, "replication").Result()
			if err == nil && !strings.Contains(replication, "master_link_status:up") {
				err = fmt.Errorf("replica %s is not connected to its master", c.Addresses[i])
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// await repeats a check until it passes, and returns its last error when the
// context ends first.
func await(ctx context.Context, check func() error) error {
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pollEvery):
		}
	}
}
