/* tests/support/port.h - ports for servers that listen where they are told, or that go away and
 * come back.
 *
 * A port that the kernel gives for port 0 may be taken by anybody's outgoing connection while
 * nobody listens on it. These lie below the kernel's range, and a lock of a byte in a file that all
 * test programs share keeps each of them for one program until it ends
 * (tests/support/spark_cluster.py takes part). Thread: any. */
#ifndef SPARKGATE_TESTS_PORT_H
#define SPARKGATE_TESTS_PORT_H

/* A port of 127.0.0.1 that nobody listens on and no other test program gets. Ends the program when
 * there is none. */
unsigned port_take(void);

#endif
