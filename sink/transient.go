package sink

import (
	"errors"

	"github.com/redis/go-redis/v9"
)

// transient tell the answers by which Redis asks for patience: what it refuses
// now it does later, without anybody's help.
var transient = []func(error) bool{
	redis.IsLoadingError,     // it reads its data after a start
	redis.IsReadOnlyError,    // this node is a replica since a failover
	redis.IsMasterDownError,  // this replica has lost its master
	redis.IsClusterDownError, // slots have no node for the moment
	redis.IsTryAgainError,    // a slot is on its way to another node
	redis.IsNoReplicasError,  // too few replicas are there to write
	redis.IsMaxClientsError,  // it has as many connections as it may
	func(err error) bool { _, moved := redis.IsMovedError(err); return moved },
	func(err error) bool { _, asked := redis.IsAskError(err); return asked },
	func(err error) bool { return errors.Is(err, redis.TxFailedErr) }, // a watched key was changed
}

// IsTransient reports whether an error is an answer of Redis that trying again
// mends. It is the only list of such answers. What else Redis says, it says
// again; errors of a connection are no answers, and not meant here.
func IsTransient(err error) bool {
	for _, is := range transient {
		if is(err) {
			return true
		}
	}
	return false
}
