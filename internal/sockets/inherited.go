package sockets

import (
	"fmt"
	"net"

	"github.com/coreos/go-systemd/v22/activation"
)

// Inherited are the sockets that systemd has opened for the service, and keeps open while
// one process of the service follows another; nil are those that the service is to open.
type Inherited struct{ Public, Admin *net.TCPListener }

// Inherit returns the sockets that systemd has opened. The one with the name admin
// (FileDescriptorName=) is that of the admin listener.
func Inherit() (Inherited, error) {
	var sockets Inherited
	for _, file := range activation.Files(true) {
		place := &sockets.Public
		if file.Name() == "admin" {
			place = &sockets.Admin
		}
		listening, err := net.FileListener(file)
		_ = file.Close() // the listener has a copy
		if err != nil {
			return sockets, fmt.Errorf("the socket %s, from systemd: %w", file.Name(), err)
		}
		tcp, ok := listening.(*net.TCPListener)
		if !ok {
			_ = listening.Close()
			return sockets, fmt.Errorf("the socket %s, from systemd, is not one of TCP; give it an address such as ListenStream=8000", file.Name())
		}
		if *place != nil {
			_ = tcp.Close()
			return sockets, fmt.Errorf("the socket %s, from systemd, is one too many; there is one, and another with FileDescriptorName=admin", file.Name())
		}
		*place = tcp
	}
	return sockets, nil
}
