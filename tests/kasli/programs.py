"""Kernels in LLVM's language, as ARTIQ's compiler would end up writing them."""

from __future__ import annotations

DECLARED = """
declare i32 @__artiq_personality(...)
declare void @__artiq_raise(ptr) noreturn
declare void @__artiq_resume() noreturn
declare void @__artiq_end_catch()
declare void @rpc_send(i32, ptr, ptr)
declare void @rpc_send_async(i32, ptr, ptr)
declare i32 @rpc_recv(ptr)
declare void @rtio_output(i32, i32)
declare i64 @rtio_get_counter()
declare i32 @rtio_input_data(i32)
declare i64 @rtio_input_timestamp(i64, i32)
declare void @core_log(ptr, ...)
@now = external global i32
"""


def kernel(body, more=""):
    """Return a kernel with a body, which the labels it needs may follow."""
    head = "define void @__modinit__() personality ptr @__artiq_personality {\n"
    return f"{DECLARED}\n{more}\n{head}{body}\n}}\n"


def text(name, value):
    """Return a constant text and a slice of it, as NAME."""
    data = value if isinstance(value, bytes) else value.encode()
    coded = "".join(f"\\{byte:02x}" for byte in data)
    return (
        f'@{name}.text = private constant [{len(data)} x i8] c"{coded}"\n'
        f"@{name} = constant {{ ptr, i32 }} {{ ptr @{name}.text, i32 {len(data)} }}\n"
    )


def exception(name, number, message="it"):
    """Return an exception of a class, as NAME; its class alone is NAME.class."""
    slices = f"{{ ptr @{name}.message.text, i32 {len(message)} }}"
    one = f"{{ ptr, i32 }} {slices}"
    return text(f"{name}.message", message) + (
        f"@{name}.class = constant i32 {number}\n"
        f"@{name} = constant {{ i32, {{ ptr, i32 }}, i32, i32, {{ ptr, i32 }}, "
        "{ ptr, i32 }, i32, [3 x i64] } "
        f"{{ i32 {number}, {one}, i32 7, i32 3, {one}, {one}, i32 0, "
        "[3 x i64] [i64 1, i64 2, i64 3] }\n"
    )


def at(time_mu):
    """Return the statements that put the cursor at a time."""
    return (
        f"store volatile i32 {time_mu >> 32}, ptr @now\n"
        f"store volatile i32 {time_mu & 0xFFFFFFFF}, "
        "ptr getelementptr (i8, ptr @now, i32 8)\n"
    )
