/*
 * Writes every refusal as the front encodes it, with a text beyond ASCII: also those that no
 * request to the running service brings about.
 */
#include <stdio.h>

#include "tsa/tsp/reply.h"

static bool write_one(const char *folder, const char *query, enum tsp_failure failure)
{
	uint8_t room[TSP_MAX_REFUSAL];
	struct bytes der = tsp_reply_refused(
		failure, "no \xc3\xa4nswer \xe2\x80\x93 request 0001f300", room, sizeof(room));
	const char *name = tsp_failure_name(failure);
	char path[512];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/encoded-%s.tsr", folder, name);
	file = fopen(path, "wb");
	if (file == NULL || der.len == 0 || fwrite(der.at, 1, der.len, file) != der.len ||
		fclose(file) != 0)
		return false;
	printf("encoded-%s\t%s\t%s\t-\t-\trefused:%d\trefused: %s\n", name, query, path,
		(int)failure, name);
	return true;
}

int main(int argc, char **argv)
{
	static const enum tsp_failure all[] = { TSP_BAD_ALG, TSP_BAD_REQUEST, TSP_BAD_DATA_FORMAT,
		TSP_TIME_NOT_AVAILABLE, TSP_UNACCEPTED_POLICY, TSP_UNACCEPTED_EXTENSION,
		TSP_ADD_INFO_NOT_AVAILABLE, TSP_SYSTEM_FAILURE };

	if (argc != 3) {
		fprintf(stderr, "usage: tsa-decoders-refusal FOLDER QUERY\n");
		return 3;
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!write_one(argv[1], argv[2], all[i])) {
			fprintf(stderr, "tsa-decoders-refusal: failInfo %d: cannot be written\n",
				(int)all[i]);
			return 3;
		}
	return 0;
}
