/* Included first in every source that is compiled for coverage; see seedsmith_runtime.c. */
#ifndef __ASSEMBLER__
#ifdef __cplusplus
extern "C" {
#endif
void *seedsmith_enter(void);
void seedsmith_leave(void **frame);
#ifdef __cplusplus
}
#endif
#define SEEDSMITH_TEST                                                                                   \
    void *seedsmith_frame __attribute__((cleanup(seedsmith_leave), unused)) = seedsmith_enter();
#endif
