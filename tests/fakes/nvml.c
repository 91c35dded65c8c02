/* A stand-in for libnvidia-ml.so.1 whose true energy is known.
 *
 * It plays a power trajectory with the habits of NVML: the counter and the power
 * readings move at their own refresh ticks only, power is a running mean, units are
 * whole millijoules and milliwatts, and any function may fail or hang when it is told
 * to. The file named by ISOJOULE_FAKE_NVML says what to play; `nvml.py` beside this
 * file writes it. What is not defined here is missing, as in an older driver.
 *
 * Times are seconds; t is the time since the start of the trajectories.
 */
#define _GNU_SOURCE
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3,
       NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, DRIVER_NOT_LOADED = 9, GPU_IS_LOST = 15,
       ARGUMENT_VERSION_MISMATCH = 25 };
enum { MAX_DEVICES = 16, MAX_RULES = 64, MAX_PROCESSES = 16, MAX_MIGS = 8, TEXT = 256 };
enum { ANY_DEVICE = -1 };
enum { FIELD_ENERGY = 83, FIELD_POWER_AVERAGE = 185, FIELD_POWER_INSTANT = 186 };

typedef int Return;

/* A quantity that moves at ticks: number k is at phase + k period + jitter u(k). */
typedef struct { double period, phase, jitter; } Refresh;

typedef struct { unsigned pid; unsigned long long bytes; int is_graphics; } Process;

typedef struct {
    char uuid[TEXT], name[TEXT], bus_id[TEXT], trajectory[TEXT * 4];
    char mig_uuids[MAX_MIGS][TEXT];
    int n_migs, mig_mode, has_counter, has_power, has_power_fields, architecture;
    int n_processes;
    Process processes[MAX_PROCESSES];
    unsigned long long memory_bytes, memory_used_bytes;
    unsigned limit_mw;
    double averaging, field_averaging, gain, counter_start, reset_at, lost_from;
    Refresh counter, power;
    size_t n_points;
    double *times, *watts, *joules; /* joules: from the first point to each point */
} Device;

/* What a handle points to: a whole GPU, or one of its MIG instances. */
typedef struct { int device, mig; } Handle;

/* When a function fails or hangs: at call n, after n calls, or from t on. */
typedef struct {
    char function[TEXT];
    int device, is_hang, calls;
    enum { AT_CALL, AFTER_CALLS, FROM_TIME } when;
    double number, value; /* value: error code, or seconds to hang */
} Rule;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int n_started;
static int is_configured;
static int n_devices, n_rules;
static double start = NAN;
static char driver_version[TEXT];
static Device devices[MAX_DEVICES];
static Handle gpu_handles[MAX_DEVICES], mig_handles[MAX_DEVICES][MAX_MIGS];
static Rule rules[MAX_RULES];

static double monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- what is played ---------------------------------------------------------- */

/* The last point at or before t; the first point for all earlier times. */
static size_t point_at(const Device *device, double t)
{
    size_t low = 0, high = device->n_points;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (device->times[middle] <= t) low = middle; else high = middle;
    }
    return low;
}

static double energy_j(const Device *device, double t)
{
    size_t i = point_at(device, t);
    return device->joules[i] + device->watts[i] * (t - device->times[i]);
}

static double power_w(const Device *device, double t, double averaging)
{
    if (averaging <= 0) return device->watts[point_at(device, t)];
    return (energy_j(device, t) - energy_j(device, t - averaging)) / averaging;
}

/* In [0, 1), the same for a tick in every process. */
static double hash(int64_t k)
{
    return (double)((uint32_t)k * 2654435761u) / 4294967296.0;
}

static double tick_time(const Refresh *refresh, int64_t k)
{
    return refresh->phase + (double)k * refresh->period + refresh->jitter * hash(k);
}

/* The time of the last tick at or before t. */
static double last_tick(const Refresh *refresh, double t)
{
    if (refresh->period <= 0) return t;
    int64_t k = (int64_t)floor((t - refresh->phase) / refresh->period);
    return tick_time(refresh, tick_time(refresh, k) <= t ? k : k - 1);
}

static double elapsed(void) { return monotonic() - start; }

static unsigned long long counter_mj(const Device *device)
{
    double t = last_tick(&device->counter, elapsed());
    double joules = device->counter_start + device->gain * energy_j(device, t);
    if (elapsed() >= device->reset_at)
        joules = t < device->reset_at ? 0 : device->gain
            * (energy_j(device, t) - energy_j(device, device->reset_at));
    return (unsigned long long)(1000 * joules);
}

static unsigned power_mw(const Device *device, double averaging)
{
    double t = last_tick(&device->power, elapsed());
    return (unsigned)lround(1000 * device->gain * power_w(device, t, averaging));
}

/* There is no truth for these: all follow power as a share of the limit. */
static double load(const Device *device)
{
    return fmin(1, (double)power_mw(device, device->averaging) / device->limit_mw);
}

/* ---- configuration ------------------------------------------------------------ */

static int read_trajectory(Device *device)
{
    FILE *file = fopen(device->trajectory, "rb");
    if (file == NULL) return 0;
    fseek(file, 0, SEEK_END);
    size_t n = (size_t)ftell(file) / (2 * sizeof(double));
    rewind(file);
    double *pairs = malloc(2 * n * sizeof(double));
    size_t n_read = fread(pairs, 2 * sizeof(double), n, file);
    fclose(file);
    device->n_points = n;
    device->times = malloc(n * sizeof(double));
    device->watts = malloc(n * sizeof(double));
    device->joules = malloc(n * sizeof(double));
    for (size_t i = 0; i < n; i++) {
        device->times[i] = pairs[2 * i];
        device->watts[i] = pairs[2 * i + 1];
        device->joules[i] = i == 0 ? 0 : device->joules[i - 1]
            + device->watts[i - 1] * (device->times[i] - device->times[i - 1]);
    }
    free(pairs);
    return n > 0 && n_read == n;
}

static void add_device(void)
{
    Device *device = &devices[n_devices++];
    device->mig_mode = -1;
    device->gain = 1;
    device->reset_at = device->lost_from = INFINITY;
}

/* "FUNCTION call|after|from NUMBER CODE-or-SECONDS" */
static int add_rule(const char *text, int is_hang)
{
    Rule *rule = &rules[n_rules++];
    char when[TEXT];
    rule->is_hang = is_hang;
    rule->device = n_devices - 1; /* ANY_DEVICE before the first device */
    if (sscanf(text, "%255s %255s %lf %lf", rule->function, when, &rule->number,
               &rule->value) != 4) return 0;
    rule->when = !strcmp(when, "call") ? AT_CALL
        : !strcmp(when, "after") ? AFTER_CALLS : FROM_TIME;
    return 1;
}

static int add_process(Device *device, const char *text)
{
    Process *process = &device->processes[device->n_processes++];
    char kind[TEXT];
    if (sscanf(text, "%u %llu %255s", &process->pid, &process->bytes, kind) != 3)
        return 0;
    process->is_graphics = !strcmp(kind, "graphics");
    return 1;
}

static int set_refresh(Refresh *refresh, const char *text)
{
    return sscanf(text, "%lf %lf %lf", &refresh->period, &refresh->phase,
                  &refresh->jitter) == 3;
}

static int set_key(const char *key, const char *value)
{
    Device *device = &devices[n_devices > 0 ? n_devices - 1 : 0];
    double number = strtod(value, NULL);
    if (!strcmp(key, "device")) return n_devices < MAX_DEVICES ? add_device(), 1 : 0;
    if (!strcmp(key, "fail")) return n_rules < MAX_RULES && add_rule(value, 0);
    if (!strcmp(key, "hang")) return n_rules < MAX_RULES && add_rule(value, 1);
    if (!strcmp(key, "start")) start = number;
    else if (!strcmp(key, "driver_version")) strcpy(driver_version, value);
    else if (!strcmp(key, "uuid")) strcpy(device->uuid, value);
    else if (!strcmp(key, "name")) strcpy(device->name, value);
    else if (!strcmp(key, "bus_id")) strcpy(device->bus_id, value);
    else if (!strcmp(key, "mig_mode")) device->mig_mode = (int)number;
    else if (!strcmp(key, "mig_uuid") && device->n_migs < MAX_MIGS)
        strcpy(device->mig_uuids[device->n_migs++], value);
    else if (!strcmp(key, "architecture")) device->architecture = (int)number;
    else if (!strcmp(key, "memory_bytes"))
        device->memory_bytes = (unsigned long long)number;
    else if (!strcmp(key, "memory_used_bytes"))
        device->memory_used_bytes = (unsigned long long)number;
    else if (!strcmp(key, "limit_mw")) device->limit_mw = (unsigned)number;
    else if (!strcmp(key, "has_counter")) device->has_counter = number != 0;
    else if (!strcmp(key, "has_power")) device->has_power = number != 0;
    else if (!strcmp(key, "has_power_fields")) device->has_power_fields = number != 0;
    else if (!strcmp(key, "averaging")) device->averaging = number;
    else if (!strcmp(key, "field_averaging")) device->field_averaging = number;
    else if (!strcmp(key, "gain")) device->gain = number;
    else if (!strcmp(key, "counter_start")) device->counter_start = number;
    else if (!strcmp(key, "reset_at")) device->reset_at = number;
    else if (!strcmp(key, "lost_from")) device->lost_from = number;
    else if (!strcmp(key, "counter_refresh"))
        return set_refresh(&device->counter, value);
    else if (!strcmp(key, "power_refresh")) return set_refresh(&device->power, value);
    else if (!strcmp(key, "process") && device->n_processes < MAX_PROCESSES)
        return add_process(device, value);
    else if (!strcmp(key, "trajectory")) {
        strcpy(device->trajectory, value);
        return read_trajectory(device);
    } else return 0;
    return 1;
}

static int read_configuration(void)
{
    const char *path = getenv("ISOJOULE_FAKE_NVML");
    FILE *file = path == NULL ? NULL : fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "fake NVML: ISOJOULE_FAKE_NVML names no readable file\n");
        return 0;
    }
    char line[TEXT * 4];
    int is_good = 1;
    while (is_good && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *value = strchr(line, ' ');
        if (value != NULL) *value++ = '\0';
        is_good = set_key(line, value == NULL ? "" : value);
        if (!is_good) fprintf(stderr, "fake NVML: bad line: %s\n", line);
    }
    fclose(file);
    return is_good;
}

static Return initialize(void)
{
    pthread_mutex_lock(&lock);
    if (!is_configured) {
        is_configured = read_configuration();
        if (isnan(start)) start = monotonic();
        for (int i = 0; i < n_devices; i++) {
            gpu_handles[i] = (Handle){i, -1};
            for (int m = 0; m < MAX_MIGS; m++) mig_handles[i][m] = (Handle){i, m};
        }
    }
    int is_good = is_configured;
    pthread_mutex_unlock(&lock);
    return is_good ? SUCCESS : DRIVER_NOT_LOADED;
}

/* ---- failures ------------------------------------------------------------------- */

/* A rule for nvmlDeviceGetCount is one for nvmlDeviceGetCount_v2 too. */
static int is_for(const Rule *rule, const char *function, int device)
{
    size_t n = strlen(rule->function);
    return !strncmp(rule->function, function, n)
        && (function[n] == '\0' || !strncmp(function + n, "_v", 2))
        && (rule->device == ANY_DEVICE || rule->device == device);
}

static int is_due(Rule *rule)
{
    rule->calls++;
    if (rule->when == AT_CALL) return rule->calls == (int)rule->number;
    if (rule->when == AFTER_CALLS) return rule->calls > (int)rule->number;
    return elapsed() >= rule->number;
}

static Return apply_rules(const char *function, int device)
{
    Return code = SUCCESS;
    double hang = 0;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < n_rules; i++) {
        if (!is_for(&rules[i], function, device) || !is_due(&rules[i])) continue;
        if (rules[i].is_hang) hang += rules[i].value;
        else if (code == SUCCESS) code = (Return)rules[i].value;
    }
    pthread_mutex_unlock(&lock);
    if (hang > 0) usleep((useconds_t)(1e6 * hang));
    return code;
}

static Return enter(const char *function, int device)
{
    pthread_mutex_lock(&lock);
    int is_started = n_started > 0;
    pthread_mutex_unlock(&lock);
    if (!is_started) return UNINITIALIZED;
    Return code = apply_rules(function, device);
    if (code == SUCCESS && device >= 0 && elapsed() >= devices[device].lost_from)
        return GPU_IS_LOST;
    return code;
}

/* Ends the calling function where it is to fail; else `device` is the one asked for. */
#define ENTER_SYSTEM()                                                                \
    Return entered = enter(__func__, ANY_DEVICE);                                     \
    if (entered != SUCCESS) return entered
#define ENTER(handle)                                                                 \
    if ((handle) == NULL) return INVALID_ARGUMENT;                                    \
    Return entered = enter(__func__, (handle)->device);                               \
    if (entered != SUCCESS) return entered;                                           \
    const Device *device = &devices[(handle)->device];                                \
    (void)device
/* The same, for what a MIG instance does not have. */
#define ENTER_WHOLE(handle)                                                           \
    ENTER(handle);                                                                    \
    if ((handle)->mig >= 0) return NOT_SUPPORTED

/* ---- the library ------------------------------------------------------------------ */

static Return start_library(void)
{
    Return code = initialize();
    if (code == SUCCESS) code = apply_rules("nvmlInit", ANY_DEVICE);
    pthread_mutex_lock(&lock);
    if (code == SUCCESS) n_started++;
    pthread_mutex_unlock(&lock);
    return code;
}

Return nvmlInit(void) { return start_library(); }
Return nvmlInit_v2(void) { return start_library(); }
Return nvmlInitWithFlags(unsigned flags) { (void)flags; return start_library(); }

Return nvmlShutdown(void)
{
    ENTER_SYSTEM();
    pthread_mutex_lock(&lock);
    n_started--;
    pthread_mutex_unlock(&lock);
    return SUCCESS;
}

const char *nvmlErrorString(Return code)
{
    switch (code) {
    case SUCCESS: return "Success";
    case UNINITIALIZED: return "Uninitialized";
    case INVALID_ARGUMENT: return "Invalid Argument";
    case NOT_SUPPORTED: return "Not Supported";
    case NOT_FOUND: return "Not Found";
    case INSUFFICIENT_SIZE: return "Insufficient Size";
    case DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case GPU_IS_LOST: return "GPU is lost";
    default: return "Unknown Error";
    }
}

static Return copy_text(char *target, unsigned length, const char *text)
{
    if (strlen(text) + 1 > length) return INSUFFICIENT_SIZE;
    strcpy(target, text);
    return SUCCESS;
}

Return nvmlSystemGetDriverVersion(char *version, unsigned length)
{
    ENTER_SYSTEM();
    return copy_text(version, length, driver_version);
}

Return nvmlSystemGetNVMLVersion(char *version, unsigned length)
{
    ENTER_SYSTEM();
    char text[TEXT + 4] = "12.";
    return copy_text(version, length, strcat(text, driver_version));
}

Return nvmlSystemGetCudaDriverVersion(int *version)
{
    ENTER_SYSTEM();
    *version = 12080;
    return SUCCESS;
}

Return nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    ENTER_SYSTEM();
    *version = 12080;
    return SUCCESS;
}

/* ---- finding devices ------------------------------------------------------------- */

Return nvmlDeviceGetCount_v2(unsigned *count)
{
    ENTER_SYSTEM();
    *count = (unsigned)n_devices;
    return SUCCESS;
}

static Return give_handle(const char *function, int index, Handle **handle)
{
    Return code = enter(function, index);
    if (code == SUCCESS) *handle = &gpu_handles[index];
    return code;
}

Return nvmlDeviceGetHandleByIndex_v2(unsigned index, Handle **handle)
{
    if (index < (unsigned)n_devices) return give_handle(__func__, (int)index, handle);
    ENTER_SYSTEM();
    return INVALID_ARGUMENT;
}

Return nvmlDeviceGetHandleByUUID(const char *uuid, Handle **handle)
{
    for (int i = 0; i < n_devices; i++) {
        if (!strcmp(uuid, devices[i].uuid)) return give_handle(__func__, i, handle);
        for (int m = 0; m < devices[i].n_migs; m++)
            if (!strcmp(uuid, devices[i].mig_uuids[m])) {
                Return code = enter(__func__, i);
                if (code == SUCCESS) *handle = &mig_handles[i][m];
                return code;
            }
    }
    ENTER_SYSTEM();
    return NOT_FOUND;
}

Return nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, Handle **handle)
{
    for (int i = 0; i < n_devices; i++)
        if (!strcasecmp(bus_id, devices[i].bus_id))
            return give_handle(__func__, i, handle);
    ENTER_SYSTEM();
    return NOT_FOUND;
}

Return nvmlDeviceGetMigMode(Handle *handle, unsigned *current, unsigned *pending)
{
    ENTER_WHOLE(handle);
    if (device->mig_mode < 0) return NOT_SUPPORTED;
    *current = *pending = (unsigned)device->mig_mode;
    return SUCCESS;
}

Return nvmlDeviceGetMaxMigDeviceCount(Handle *handle, unsigned *count)
{
    ENTER_WHOLE(handle);
    *count = device->mig_mode < 0 ? 0 : 7;
    return SUCCESS;
}

Return nvmlDeviceGetMigDeviceHandleByIndex(Handle *handle, unsigned index, Handle **mig)
{
    ENTER_WHOLE(handle);
    if (device->mig_mode < 0) return NOT_SUPPORTED;
    if (index >= (unsigned)device->n_migs) return NOT_FOUND;
    *mig = &mig_handles[handle->device][index];
    return SUCCESS;
}

Return nvmlDeviceGetDeviceHandleFromMigDeviceHandle(Handle *handle, Handle **gpu)
{
    ENTER(handle);
    if (handle->mig < 0) return INVALID_ARGUMENT;
    *gpu = &gpu_handles[handle->device];
    return SUCCESS;
}

/* ---- what a device is ------------------------------------------------------------ */

Return nvmlDeviceGetName(Handle *handle, char *name, unsigned length)
{
    ENTER(handle);
    return copy_text(name, length, device->name);
}

Return nvmlDeviceGetUUID(Handle *handle, char *uuid, unsigned length)
{
    ENTER(handle);
    const char *text = handle->mig < 0 ? device->uuid : device->mig_uuids[handle->mig];
    return copy_text(uuid, length, text);
}

Return nvmlDeviceGetIndex(Handle *handle, unsigned *index)
{
    ENTER(handle);
    *index = handle->mig < 0 ? (unsigned)handle->device : (unsigned)handle->mig;
    return SUCCESS;
}

typedef struct {
    char legacy_bus_id[16];
    unsigned domain, bus, device, device_id, subsystem_id;
    char bus_id[32];
} PciInfo;

Return nvmlDeviceGetPciInfo_v3(Handle *handle, PciInfo *pci)
{
    ENTER(handle);
    memset(pci, 0, sizeof *pci);
    if (sscanf(device->bus_id, "%x:%x:%x", &pci->domain, &pci->bus, &pci->device) != 3)
        return NOT_FOUND;
    snprintf(pci->bus_id, sizeof pci->bus_id, "%.31s", device->bus_id);
    snprintf(pci->legacy_bus_id, sizeof pci->legacy_bus_id, "%04X:%02X:%02X.0",
             pci->domain & 0xffff, pci->bus & 0xff, pci->device & 0xff);
    pci->device_id = 0x20b010deu;
    return SUCCESS;
}

Return nvmlDeviceGetArchitecture(Handle *handle, unsigned *architecture)
{
    ENTER(handle);
    *architecture = (unsigned)device->architecture;
    return SUCCESS;
}

Return nvmlDeviceGetCudaComputeCapability(Handle *handle, int *major, int *minor)
{
    ENTER(handle);
    *major = device->architecture + 1;
    *minor = 0;
    return SUCCESS;
}

#define CONSTANT(function, value)                                                     \
    Return function(Handle *handle, unsigned *answer)                                 \
    {                                                                                 \
        ENTER_WHOLE(handle);                                                          \
        *answer = (value);                                                            \
        return SUCCESS;                                                               \
    }

CONSTANT(nvmlDeviceGetBrand, 14)
CONSTANT(nvmlDeviceGetPersistenceMode, 1)
CONSTANT(nvmlDeviceGetComputeMode, 0)
CONSTANT(nvmlDeviceGetEnforcedPowerLimit, device->limit_mw)
CONSTANT(nvmlDeviceGetPowerManagementLimit, device->limit_mw)
CONSTANT(nvmlDeviceGetPowerManagementDefaultLimit, device->limit_mw)

Return nvmlDeviceGetPowerManagementLimitConstraints(Handle *handle, unsigned *low,
                                                    unsigned *high)
{
    ENTER_WHOLE(handle);
    *low = 100000;
    *high = device->limit_mw;
    return SUCCESS;
}

Return nvmlDeviceGetEccMode(Handle *handle, unsigned *current, unsigned *pending)
{
    ENTER_WHOLE(handle);
    *current = *pending = 1;
    return SUCCESS;
}

Return nvmlDeviceGetC2cModeInfoV(Handle *handle, void *info)
{
    ENTER(handle);
    (void)info; /* no GPU here shares a module with a CPU */
    return NOT_SUPPORTED;
}

/* ---- energy and power ------------------------------------------------------------- */

Return nvmlDeviceGetTotalEnergyConsumption(Handle *handle, unsigned long long *energy)
{
    ENTER_WHOLE(handle);
    if (!device->has_counter) return NOT_SUPPORTED;
    *energy = counter_mj(device);
    return SUCCESS;
}

Return nvmlDeviceGetPowerUsage(Handle *handle, unsigned *power)
{
    ENTER_WHOLE(handle);
    if (!device->has_power) return NOT_SUPPORTED;
    *power = power_mw(device, device->averaging);
    return SUCCESS;
}

typedef struct {
    uint32_t field, scope;
    int64_t timestamp_us, latency_us;
    unsigned type;
    Return code;
    union { double d; unsigned u; unsigned long long ull; } value;
} FieldValue;

enum { TYPE_UNSIGNED = 1, TYPE_UNSIGNED_LONG_LONG = 3 };

static Return fill_field(const Device *device, FieldValue *field)
{
    if (field->scope != 0) return NOT_SUPPORTED;
    if (field->field == FIELD_ENERGY && device->has_counter) {
        field->type = TYPE_UNSIGNED_LONG_LONG;
        field->value.ull = counter_mj(device);
        return SUCCESS;
    }
    if (!device->has_power_fields) return NOT_SUPPORTED;
    field->type = TYPE_UNSIGNED;
    if (field->field == FIELD_POWER_AVERAGE)
        field->value.u = power_mw(device, device->field_averaging);
    else if (field->field == FIELD_POWER_INSTANT)
        field->value.u = power_mw(device, 0);
    else return NOT_SUPPORTED;
    return SUCCESS;
}

Return nvmlDeviceGetFieldValues(Handle *handle, int count, FieldValue *fields)
{
    ENTER_WHOLE(handle);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    for (int i = 0; i < count; i++) {
        fields[i].timestamp_us = now.tv_sec * 1000000LL + now.tv_nsec / 1000;
        fields[i].latency_us = 0;
        fields[i].code = fill_field(device, &fields[i]);
    }
    return SUCCESS;
}

/* ---- what explains them ------------------------------------------------------------ */

typedef struct { unsigned gpu, memory; } Utilization;

Return nvmlDeviceGetUtilizationRates(Handle *handle, Utilization *utilization)
{
    ENTER_WHOLE(handle);
    if (device->mig_mode == 1) return NOT_SUPPORTED;
    utilization->gpu = (unsigned)lround(100 * load(device));
    utilization->memory = utilization->gpu / 2;
    return SUCCESS;
}

Return nvmlDeviceGetTemperature(Handle *handle, int sensor, unsigned *degrees)
{
    ENTER_WHOLE(handle);
    if (sensor != 0) return INVALID_ARGUMENT;
    *degrees = (unsigned)lround(30 + 50 * load(device));
    return SUCCESS;
}

typedef struct { unsigned version; int sensor, degrees; } Temperature;

Return nvmlDeviceGetTemperatureV(Handle *handle, Temperature *temperature)
{
    ENTER_WHOLE(handle);
    if (temperature->sensor != 0) return INVALID_ARGUMENT;
    temperature->degrees = (int)lround(30 + 50 * load(device));
    return SUCCESS;
}

Return nvmlDeviceGetClockInfo(Handle *handle, int type, unsigned *mhz)
{
    ENTER_WHOLE(handle);
    if (type < 0 || type > 3) return INVALID_ARGUMENT;
    *mhz = type == 2 ? 1215 : 1410;
    return SUCCESS;
}

static unsigned long long event_reasons(const Device *device)
{
    return load(device) >= 1 ? 0x4 : 0; /* the power cap, or none */
}

Return nvmlDeviceGetCurrentClocksThrottleReasons(Handle *handle, unsigned long long *r)
{
    ENTER_WHOLE(handle);
    *r = event_reasons(device);
    return SUCCESS;
}

Return nvmlDeviceGetCurrentClocksEventReasons(Handle *handle, unsigned long long *r)
{
    ENTER_WHOLE(handle);
    *r = event_reasons(device);
    return SUCCESS;
}

typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; }
    Memory2;

Return nvmlDeviceGetMemoryInfo(Handle *handle, Memory *memory)
{
    ENTER(handle);
    memory->total = device->memory_bytes;
    memory->used = device->memory_used_bytes;
    memory->free = memory->total - memory->used;
    return SUCCESS;
}

Return nvmlDeviceGetMemoryInfo_v2(Handle *handle, Memory2 *memory)
{
    ENTER(handle);
    if (memory->version != (sizeof *memory | 2u << 24))
        return ARGUMENT_VERSION_MISMATCH;
    memory->total = device->memory_bytes;
    memory->reserved = 0;
    memory->used = device->memory_used_bytes;
    memory->free = memory->total - memory->used;
    return SUCCESS;
}

typedef struct {
    unsigned pid;
    unsigned long long bytes;
    unsigned gpu_instance, compute_instance;
} ProcessInfo;

static Return list_processes(const Device *device, int is_graphics, unsigned *count,
                             ProcessInfo *infos)
{
    unsigned room = *count, n = 0;
    for (int i = 0; i < device->n_processes; i++) {
        const Process *process = &device->processes[i];
        if (process->is_graphics != is_graphics) continue;
        if (infos != NULL && n < room)
            infos[n] = (ProcessInfo){process->pid == 0 ? (unsigned)getpid()
                                     : process->pid, process->bytes, ~0u, ~0u};
        n++;
    }
    *count = n;
    return n > room ? INSUFFICIENT_SIZE : SUCCESS;
}

#define PROCESSES(function, is_graphics)                                              \
    Return function(Handle *handle, unsigned *count, ProcessInfo *infos)              \
    {                                                                                 \
        ENTER(handle);                                                                \
        return list_processes(device, (is_graphics), count, infos);                   \
    }

PROCESSES(nvmlDeviceGetComputeRunningProcesses_v2, 0)
PROCESSES(nvmlDeviceGetComputeRunningProcesses_v3, 0)
PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v2, 1)
PROCESSES(nvmlDeviceGetGraphicsRunningProcesses_v3, 1)
