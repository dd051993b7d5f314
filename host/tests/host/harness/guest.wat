;; A guest with the exports of wit/auth.wit and a trivial decision: it grants access
;; to my_app if the first bytes of the record's current digest are not zero, else
;; the credential is wrong. Scenarios put other code into the places in braces.
(component
  {import}
  (component $guest
    (core module $code
      (memory (export "memory") {pages})
      (global $free (mut i32) (i32.const 4096))
      ;; The host's memory for arguments: each block follows the last.
      (func $realloc (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
        (local $at i32)
        {realloc}
        (global.get $free)
        (global.set $free
          (i32.and (i32.add (i32.add (global.get $free) (local.get $size)) (i32.const 7)) (i32.const -8))))
      (func (export "issue") (param $id i32) (param $id_len i32) (param $entropy i32) (param $entropy_len i32) (result i32)
        {issue}
        (i32.const 112))
      (func (export "lookup-key") (param $text i32) (param $len i32) (result i32)
        (i32.const 20))
      ;; There are too many arguments for the stack, so they are in memory: the
      ;; credential at 0, the digest of the record's current secret at 24.
      (func (export "authorize") (param $arguments i32) (result i32)
        (local $at i32) (local $text i32) (local $len i32)
        (local.set $text (i32.load (local.get $arguments)))
        (local.set $len (i32.load offset=4 (local.get $arguments)))
        {authorize}
        (select (i32.const 48) (i32.const 80) (i32.load (i32.load offset=24 (local.get $arguments)))))
      {more}
      ;; "my_app"
      (data (i32.const 20) "\00\01\00\00" "\06\00\00\00")
      ;; ok({api-id: "my_app", secret: current, ends: never}), err(wrong)
      (data (i32.const 48)
        "\00\00\00\00\00\00\00\00" "\00\01\00\00" "\06\00\00\00" "\00\00\00\00\00\00\00\00" "\ff\ff\ff\ff\ff\ff\ff\ff")
      (data (i32.const 80) "\01\00\00\00\00\00\00\00" "\02")
      ;; ok({token: "my_app", digest: 32 bytes})
      (data (i32.const 112) "\00\00\00\00" "\00\01\00\00" "\06\00\00\00" "\00\02\00\00" "\20\00\00\00")
      (data (i32.const 256) "my_app" "somebody_else"))
    (core instance $it (instantiate $code))

    (type $issued' (record (field "token" string) (field "digest" (list u8))))
    (export $issued "issued" (type $issued'))
    (type $issue-refusal' (enum "bad-api-id" "bad-entropy-size" "constant-entropy"))
    (export $issue-refusal "issue-refusal" (type $issue-refusal'))
    (type $status' (enum "active" "disabled" "absent"))
    (export $status "status" (type $status'))
    (type $secret' (record (field "digest" (list u8)) (field "ends" u64)))
    (export $secret "secret" (type $secret'))
    (type $token-record' (record
      (field "api-id" string) (field "status" $status) (field "current" $secret) (field "former" $secret)
      (field "ends" u64) (field "grants" string)))
    (export $token-record "token-record" (type $token-record'))
    (type $secret-slot' (enum "current" "former"))
    (export $secret-slot "secret-slot" (type $secret-slot'))
    (type $grant' (record (field "api-id" string) (field "secret" $secret-slot) (field "ends" u64)))
    (export $grant "grant" (type $grant'))
    (type $refusal' (enum "malformed" "unknown" "wrong" "disabled" "expired" "retired" "forbidden"))
    (export $refusal "refusal" (type $refusal'))

    (func (export "issue")
      (param "api-id" string) (param "entropy" (list u8)) (result (result $issued (error $issue-refusal)))
      (canon lift (core func $it "issue") (memory (core memory $it "memory")) (realloc (core func $it "realloc"))))
    (func (export "lookup-key")
      (param "credential" (list u8)) (result string)
      (canon lift (core func $it "lookup-key") (memory (core memory $it "memory")) (realloc (core func $it "realloc"))))
    (func (export "authorize")
      (param "credential" (list u8)) (param "stored" $token-record) (param "permission" string) (param "now" u64)
      (result (result $grant (error $refusal)))
      (canon lift (core func $it "authorize") (memory (core memory $it "memory")) (realloc (core func $it "realloc")))))
  ;; One instance has the functions of both interfaces.
  (instance $it (instantiate $guest))
  (export "jerakia:auth/issuing@0.2.0" (instance $it))
  (export "jerakia:auth/decision@0.2.0" (instance $it)))
