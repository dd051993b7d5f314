;; A guest with the exports of wit/tokens.wit, and the simplest decision that there
;; could be: every credential is said to be my_app's, and granted when my_app's
;; record has a digest that is not all zeros. Scenarios put other code in the places in braces.
(component
  {import}
  (component $guest
    (core module $code
      (memory (export "memory") {pages})
      (global $free (mut i32) (i32.const 4096))
      ;; What the host lowers arguments into: blocks behind one another.
      (func $realloc (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
        {realloc}
        (global.get $free)
        (global.set $free
          (i32.and (i32.add (i32.add (global.get $free) (local.get $size)) (i32.const 7)) (i32.const -8))))
      (func (export "issue") (param $id i32) (param $id_len i32) (param $entropy i32) (param $entropy_len i32) (result i32)
        {issue}
        (i32.const 112))
      (func (export "identify") (param $text i32) (param $len i32) (result i32)
        {identify}
        (i32.const 20))
      (func (export "verify")
        (param $id i32) (param $id_len i32) (param $digest i32) (param $digest_len i32)
        (param $known i32) (param $stored i32) (param $stored_len i32) (param $status i32)
        (param $expires i32) (param $expires_at i64)
        (param $method i32) (param $method_len i32) (param $path i32) (param $path_len i32) (param $now i64) (result i32)
        {verify}
        (select (i32.const 48) (i32.const 80) (i32.load (local.get $stored))))
      {more}
      ;; {api-id: "my_app", digest: 32 bytes}
      (data (i32.const 20) "\00\01\00\00" "\06\00\00\00" "\00\02\00\00" "\20\00\00\00")
      ;; ok({api-id: "my_app"}), err(wrong)
      (data (i32.const 48) "\00\00\00\00" "\00\01\00\00" "\06\00\00\00")
      (data (i32.const 80) "\01\00\00\00" "\02")
      ;; ok({token: "my_app", digest: 32 bytes})
      (data (i32.const 112) "\00\00\00\00" "\00\01\00\00" "\06\00\00\00" "\00\02\00\00" "\20\00\00\00")
      (data (i32.const 256) "my_app" "somebody_else"))
    (core instance $it (instantiate $code))

    (type $issued' (record (field "token" string) (field "digest" (list u8))))
    (export $issued "issued" (type $issued'))
    (type $issue-refusal' (enum "bad-api-id" "bad-entropy-size" "constant-entropy"))
    (export $issue-refusal "issue-refusal" (type $issue-refusal'))
    (type $presented' (record (field "api-id" string) (field "digest" (list u8))))
    (export $presented "presented" (type $presented'))
    (type $status' (enum "active" "disabled"))
    (export $status "status" (type $status'))
    (type $known-token' (record (field "digest" (list u8)) (field "status" $status) (field "expires-at" (option u64))))
    (export $known-token "known-token" (type $known-token'))
    (type $request' (record (field "method" string) (field "path" string)))
    (export $request "request" (type $request'))
    (type $grant' (record (field "api-id" string)))
    (export $grant "grant" (type $grant'))
    (type $refusal' (enum "malformed" "unknown" "wrong" "disabled" "expired"))
    (export $refusal "refusal" (type $refusal'))

    (func (export "issue")
      (param "api-id" string) (param "entropy" (list u8)) (result (result $issued (error $issue-refusal)))
      (canon lift (core func $it "issue") (memory (core memory $it "memory")) (realloc (core func $it "realloc"))))
    (func (export "identify")
      (param "credential" string) (result $presented)
      (canon lift (core func $it "identify") (memory (core memory $it "memory")) (realloc (core func $it "realloc"))))
    (func (export "verify")
      (param "presented" $presented) (param "known" (option $known-token))
      (param "request" $request) (param "now" u64) (result (result $grant (error $refusal)))
      (canon lift (core func $it "verify") (memory (core memory $it "memory")) (realloc (core func $it "realloc")))))
  (instance $tokens (instantiate $guest))
  (export "jerakia:auth/tokens@0.1.0" (instance $tokens)))
