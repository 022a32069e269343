import { serve } from "@msec/service";
import { isPasswordOf } from "./accounts.ts";
import { UserService } from "./gen/user_pb.js";

serve(UserService, {
  checkPassword(request, context) {
    const valid = isPasswordOf(request.name, request.password);
    context.count(valid ? "login.valid" : "login.invalid");
    return { valid };
  },
});
