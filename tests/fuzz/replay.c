/* Runs a fuzz target's function over every file of the folders named on the command line. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST_INPUT = 1 << 20 };

static void run_file(const char *path)
{
	uint8_t *data = malloc(LONGEST_INPUT);
	FILE *f = fopen(path, "rb");
	size_t len;

	if (data == NULL || f == NULL) {
		perror(path);
		exit(1);
	}
	len = fread(data, 1, LONGEST_INPUT, f);
	(void)fclose(f);
	(void)LLVMFuzzerTestOneInput(data, len);
	free(data);
}

static int run_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	int files = 0;

	if (dir == NULL) {
		perror(folder);
		exit(1);
	}
	while ((entry = readdir(dir)) != NULL) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		run_file(path);
		files++;
	}
	(void)closedir(dir);
	return files;
}

int main(int argc, char **argv)
{
	int files = 0;

	for (int i = 1; i < argc; i++)
		files += run_folder(argv[i]);
	printf("%d inputs, no crash\n", files);
	return files > 0 ? 0 : 1;
}
