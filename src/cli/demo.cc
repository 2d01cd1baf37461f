// millrace demo
#include "cli/commands.h"

namespace millrace::cli {

void add_demo(Command root, io::Env& env) {
  (void)root;
  (void)env;
}

}  // namespace millrace::cli
