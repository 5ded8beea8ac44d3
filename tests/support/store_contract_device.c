/* Programs that wait for a person (S138, S139), in every kind of store. */
#include "tests/support/store_contract.h"

#include "tests/support/store_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NOW = STORE_WORLD_NOW };

static struct store_device device_of(unsigned mark, unsigned source)
{
	struct store_device device = {
		.created_at = NOW, .expires_at = NOW + 600, .text = "{\"scope\":\"\"}"};

	memset(device.key, 'k', DIGEST_LEN);
	memset(device.user_code, 'u', DIGEST_LEN);
	memset(device.source, 's', DIGEST_LEN);
	memcpy(device.key, &mark, sizeof mark);
	memcpy(device.user_code, &mark, sizeof mark);
	memcpy(device.source, &source, sizeof source);
	return device;
}

static enum store_answer add(struct store *store, unsigned mark, unsigned source)
{
	struct store_device device = device_of(mark, source);

	return store->ops->device_add(store, &device);
}

static void device_is_found_by_both_of_its_codes(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_device made = device_of(1, 1), found;

	assert_int_equal(store->ops->device_add(store, &made), STORE_FOUND);
	for (int by_user = 0; by_user < 2; by_user++) {
		const unsigned char *digest = by_user ? made.user_code : made.key;
		assert_int_equal(
			store->ops->device_get(store, by_user, digest, &found), STORE_FOUND);
		assert_memory_equal(found.key, made.key, DIGEST_LEN);
		assert_memory_equal(found.user_code, made.user_code, DIGEST_LEN);
		assert_memory_equal(found.source, made.source, DIGEST_LEN);
		assert_int_equal(found.state, DEVICE_WAITING);
		assert_int_equal(found.created_at, NOW);
		assert_int_equal(found.expires_at, NOW + 600);
		assert_string_equal(found.text, made.text);
		/* The one is no good as the other. */
		assert_int_equal(
			store->ops->device_get(store, !by_user, digest, &found), STORE_NONE);
	}
}

static void s139_device_is_settled_once(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_device device = device_of(1, 1), found;

	assert_int_equal(store->ops->device_settle(store, &device), STORE_NONE);
	assert_int_equal(store->ops->device_add(store, &device), STORE_FOUND);
	device.state = DEVICE_ALLOWED;
	device.expires_at = NOW + 60;
	memcpy(device.text, "{}", 3);
	assert_int_equal(store->ops->device_settle(store, &device), STORE_FOUND);
	device.state = DEVICE_DENIED;
	assert_int_equal(store->ops->device_settle(store, &device), STORE_NONE);
	assert_int_equal(store->ops->device_get(store, false, device.key, &found), STORE_FOUND);
	assert_int_equal(found.state, DEVICE_ALLOWED);
	assert_int_equal(found.expires_at, NOW + 60);
	assert_string_equal(found.text, "{}");
}

static void s139_device_is_taken_once(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_device device = device_of(1, 1), found;

	assert_int_equal(store->ops->device_add(store, &device), STORE_FOUND);
	assert_int_equal(store->ops->device_take(store, &device), STORE_FOUND);
	assert_int_equal(store->ops->device_take(store, &device), STORE_NONE);
	assert_int_equal(store->ops->device_get(store, false, device.key, &found), STORE_NONE);
	assert_int_equal(store->ops->device_get(store, true, device.user_code, &found), STORE_NONE);
}

static void s138_one_address_has_no_more_than_its_share_of_devices(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_device device = device_of(0, 1);

	for (unsigned i = 0; i < STORE_DEVICES_OF; i++)
		assert_int_equal(add(store, i, 1), STORE_FOUND);
	assert_int_equal(add(store, 1000, 1), STORE_NONE);
	assert_int_equal(add(store, 1000, 2), STORE_FOUND);
	/* What is used up, and what is over, leaves room. */
	assert_int_equal(store->ops->device_take(store, &device), STORE_FOUND);
	assert_int_equal(add(store, 1001, 1), STORE_FOUND);
	assert_int_equal(add(store, 1002, 1), STORE_NONE);
	device = device_of(1003, 1);
	device.created_at = NOW + 600;
	device.expires_at = NOW + 1200;
	assert_int_equal(store->ops->device_add(store, &device), STORE_FOUND);
}

static void s138_all_addresses_together_have_a_bounded_number_of_devices(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;

	for (unsigned i = 0; i < STORE_DEVICES; i++)
		assert_int_equal(add(store, i, i / STORE_DEVICES_OF), STORE_FOUND);
	assert_int_equal(add(store, STORE_DEVICES, 100000), STORE_NONE);
}

static void two_devices_never_have_one_code(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	struct store_device second = device_of(2, 2);

	assert_int_equal(add(store, 1, 1), STORE_FOUND);
	memcpy(second.user_code, device_of(1, 1).user_code, DIGEST_LEN);
	assert_int_equal(store->ops->device_add(store, &second), STORE_NONE);
	second = device_of(1, 2);
	assert_int_equal(store->ops->device_add(store, &second), STORE_NONE);
}

static void devices_that_are_over_are_forgotten_some_time_later(void **state)
{
	struct store *store = ((struct store_world *)*state)->store;
	const struct conf conf = {.session_idle_s = 1800};
	struct store_device device = device_of(1, 1), found;

	if (store->ops->is_shared)
		return; /* by a clock of its own */
	assert_int_equal(store->ops->device_add(store, &device), STORE_FOUND);
	assert_int_equal(
		store->ops->purge(store, &conf, NOW + 600 + STORE_DEVICE_KEPT_S - 1), STORE_NONE);
	assert_int_equal(store->ops->device_get(store, false, device.key, &found), STORE_FOUND);
	assert_int_equal(
		store->ops->purge(store, &conf, NOW + 600 + STORE_DEVICE_KEPT_S), STORE_NONE);
	assert_int_equal(store->ops->device_get(store, false, device.key, &found), STORE_NONE);
}

const struct store_contract store_contract_devices[] = {
	STORE_CONTRACT(device_is_found_by_both_of_its_codes),
	STORE_CONTRACT(s139_device_is_settled_once),
	STORE_CONTRACT(s139_device_is_taken_once),
	STORE_CONTRACT(s138_one_address_has_no_more_than_its_share_of_devices),
	STORE_CONTRACT(s138_all_addresses_together_have_a_bounded_number_of_devices),
	STORE_CONTRACT(two_devices_never_have_one_code),
	STORE_CONTRACT(devices_that_are_over_are_forgotten_some_time_later),
};
const size_t store_contract_devices_count =
	sizeof store_contract_devices / sizeof *store_contract_devices;
