package sink

import (
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"
)

// transient tell the answers by which Redis asks for patience: what it refuses
// now it does later, without anybody's help.
var transient = []func(error) bool{
	isLoading,                // it reads its data after a start
	isReadOnly,               // this node is a replica since a failover
	redis.IsMasterDownError,  // this replica has lost its master
	redis.IsClusterDownError, // slots have no node for the moment
	redis.IsTryAgainError,    // a slot is on its way to another node
	redis.IsNoReplicasError,  // too few replicas are there to write
	redis.IsMaxClientsError,  // it has as many connections as it may
	func(err error) bool { _, moved := redis.IsMovedError(err); return moved },
	func(err error) bool { _, asked := redis.IsAskError(err); return asked },
	func(err error) bool { return errors.Is(err, redis.TxFailedErr) }, // a watched key was changed
}

func isLoading(err error) bool { return redis.IsLoadingError(err) || says(err, "LOADING") }

func isReadOnly(err error) bool { return redis.IsReadOnlyError(err) || says(err, "READONLY") }

// says reports whether an answer begins with a word by which Redis tells what
// kind of error it is, also where a proxy has made a plain error of it:
// "ERR READONLY You can't write against a read only replica."
func says(err error, word string) bool {
	var own redis.Error
	if !errors.As(err, &own) {
		return false
	}
	text := strings.TrimPrefix(strings.TrimPrefix(own.Error(), "ERR "), "-")
	return text == word || strings.HasPrefix(text, word+" ")
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
