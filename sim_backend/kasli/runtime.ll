; The part of the kernel CPU's runtime that needs no Python: output events, the counter,
; 64-bit division and conversions, blocks of memory. Compiled by llvmlite for RV32G.
; State that Python shares has a leading underscore, which hides it from kernels.
target triple = "riscv32-unknown-linux"
target datalayout = "e-m:e-p:32:32-i64:64-n32-S128"

@_counter = global i64 0
@_cost_output = global i64 0
@_cost_record = global i64 0
@_cost_counter = global i64 0
@_margin = global i64 12
@_recording = global i32 0
@_shift = global i32 3
@_words = global i32 0
@_capacity = global i32 0
@_buffer = global ptr null

@now = external global i32
declare void @rtio_underflow(i32)
declare void @rtio_flush()

define i64 @rtio_get_counter() nounwind {
  %before = load i64, ptr @_counter
  %cost = load i64, ptr @_cost_counter
  %after = add i64 %before, %cost
  store i64 %after, ptr @_counter
  ret i64 %after
}

define void @rtio_output(i32 %target, i32 %data) nounwind {
  %recording = load i32, ptr @_recording
  %live = icmp eq i32 %recording, 0
  %cost_live = load i64, ptr @_cost_output
  %cost_record = load i64, ptr @_cost_record
  %cost = select i1 %live, i64 %cost_live, i64 %cost_record
  %before = load i64, ptr @_counter
  %counter = add i64 %before, %cost
  store i64 %counter, ptr @_counter
  %hi = load volatile i32, ptr @now
  %plo = getelementptr i32, ptr @now, i32 2
  %lo = load volatile i32, ptr %plo
  %h = zext i32 %hi to i64
  %s = shl i64 %h, 32
  %l = zext i32 %lo to i64
  %now = or i64 %s, %l
  %shift32 = load i32, ptr @_shift
  %shift = zext i32 %shift32 to i64
  %coarse = ashr i64 %now, %shift
  %reached = ashr i64 %counter, %shift
  %margin = load i64, ptr @_margin
  %least = add i64 %reached, %margin
  %late = icmp sle i64 %coarse, %least
  %underflow = and i1 %late, %live
  br i1 %underflow, label %fail, label %store
fail:
  tail call void @rtio_underflow(i32 %target)
  ret void
store:
  %index = load i32, ptr @_words
  %base = load ptr, ptr @_buffer
  %where = getelementptr {i64, i64, i32, i32}, ptr %base, i32 %index
  store i64 %now, ptr %where
  %p1 = getelementptr i8, ptr %where, i32 8
  store i64 %counter, ptr %p1
  %p2 = getelementptr i8, ptr %where, i32 16
  store i32 %target, ptr %p2
  %p3 = getelementptr i8, ptr %where, i32 20
  store i32 %data, ptr %p3
  %next = add i32 %index, 1
  store i32 %next, ptr @_words
  %capacity = load i32, ptr @_capacity
  %full = icmp sge i32 %next, %capacity
  br i1 %full, label %flush, label %done
flush:
  tail call void @rtio_flush()
  ret void
done:
  ret void
}

define private i64 @udivmod(i64 %a, i64 %b, ptr %rem) nounwind {
entry:
  %sa = lshr i64 %a, 32
  %sb = lshr i64 %b, 32
  %o = or i64 %sa, %sb
  %small = icmp eq i64 %o, 0
  br i1 %small, label %short, label %loop
short:
  %a32 = trunc i64 %a to i32
  %b32 = trunc i64 %b to i32
  %q32 = udiv i32 %a32, %b32
  %r32 = urem i32 %a32, %b32
  %q64 = zext i32 %q32 to i64
  %r64 = zext i32 %r32 to i64
  store i64 %r64, ptr %rem
  ret i64 %q64
loop:
  %n = phi i32 [0, %entry], [%n1, %loop]
  %x = phi i64 [%a, %entry], [%x2, %loop]
  %r = phi i64 [0, %entry], [%r3, %loop]
  %top = lshr i64 %x, 63
  %out = lshr i64 %r, 63
  %r1 = shl i64 %r, 1
  %r2 = or i64 %r1, %top
  %x1 = shl i64 %x, 1
  %ge = icmp uge i64 %r2, %b
  %over = icmp ne i64 %out, 0
  %take = or i1 %ge, %over
  %less = sub i64 %r2, %b
  %r3 = select i1 %take, i64 %less, i64 %r2
  %bit = zext i1 %take to i64
  %x2 = or i64 %x1, %bit
  %n1 = add i32 %n, 1
  %end = icmp eq i32 %n1, 64
  br i1 %end, label %done, label %loop
done:
  store i64 %r3, ptr %rem
  ret i64 %x2
}
define i64 @__udivdi3(i64 %a, i64 %b) nounwind {
  %rem = alloca i64
  %q = call i64 @udivmod(i64 %a, i64 %b, ptr %rem)
  ret i64 %q
}
define i64 @__umoddi3(i64 %a, i64 %b) nounwind {
  %rem = alloca i64
  %q = call i64 @udivmod(i64 %a, i64 %b, ptr %rem)
  %r = load i64, ptr %rem
  ret i64 %r
}
define i64 @__divdi3(i64 %a, i64 %b) nounwind {
  %rem = alloca i64
  %sa = ashr i64 %a, 63
  %sb = ashr i64 %b, 63
  %xa = xor i64 %a, %sa
  %ua = sub i64 %xa, %sa
  %xb = xor i64 %b, %sb
  %ub = sub i64 %xb, %sb
  %q = call i64 @udivmod(i64 %ua, i64 %ub, ptr %rem)
  %s = xor i64 %sa, %sb
  %xq = xor i64 %q, %s
  %r = sub i64 %xq, %s
  ret i64 %r
}
define i64 @__moddi3(i64 %a, i64 %b) nounwind {
  %rem = alloca i64
  %sa = ashr i64 %a, 63
  %sb = ashr i64 %b, 63
  %xa = xor i64 %a, %sa
  %ua = sub i64 %xa, %sa
  %xb = xor i64 %b, %sb
  %ub = sub i64 %xb, %sb
  %q = call i64 @udivmod(i64 %ua, i64 %ub, ptr %rem)
  %m = load i64, ptr %rem
  %xm = xor i64 %m, %sa
  %r = sub i64 %xm, %sa
  ret i64 %r
}
define double @__floatdidf(i64 %a) nounwind {
  %hi64 = ashr i64 %a, 32
  %hi = trunc i64 %hi64 to i32
  %lo = trunc i64 %a to i32
  %fh = sitofp i32 %hi to double
  %fl = uitofp i32 %lo to double
  %big = fmul double %fh, 4294967296.0
  %r = fadd double %big, %fl
  ret double %r
}
; Saturates, and NaN is 0, as compiler_builtins has it.
define i64 @__fixdfdi(double %x) nounwind {
  %nan = fcmp uno double %x, %x
  br i1 %nan, label %zero, label %a
zero:
  ret i64 0
a:
  %big = fcmp oge double %x, 0x43E0000000000000
  br i1 %big, label %max, label %b
max:
  ret i64 9223372036854775807
b:
  %low = fcmp ole double %x, 0xC3E0000000000000
  br i1 %low, label %min, label %c
min:
  ret i64 -9223372036854775808
c:
  %neg = fcmp olt double %x, 0.0
  %m = fsub double -0.0, %x
  %ax = select i1 %neg, double %m, double %x
  %scaled = fmul double %ax, 0x3DF0000000000000
  %hi = fptoui double %scaled to i32
  %fh = uitofp i32 %hi to double
  %back = fmul double %fh, 4294967296.0
  %rest = fsub double %ax, %back
  %lo = fptoui double %rest to i32
  %h = zext i32 %hi to i64
  %s = shl i64 %h, 32
  %l = zext i32 %lo to i64
  %u = or i64 %s, %l
  %minus = sub i64 0, %u
  %r = select i1 %neg, i64 %minus, i64 %u
  ret i64 %r
}
define double @__powidf2(double %a, i32 %b) nounwind {
entry:
  %neg = icmp slt i32 %b, 0
  br label %loop
loop:
  %n = phi i32 [%b, %entry], [%n2, %more]
  %x = phi double [%a, %entry], [%x2, %more]
  %r = phi double [1.0, %entry], [%r2, %more]
  %odd = and i32 %n, 1
  %isodd = icmp ne i32 %odd, 0
  %rx = fmul double %r, %x
  %r2 = select i1 %isodd, double %rx, double %r
  %n2 = sdiv i32 %n, 2
  %end = icmp eq i32 %n2, 0
  br i1 %end, label %done, label %more
more:
  %x2 = fmul double %x, %x
  br label %loop
done:
  %inv = fdiv double 1.0, %r2
  %res = select i1 %neg, double %inv, double %r2
  ret double %res
}
define ptr @memcpy(ptr %d, ptr %s, i32 %n) nounwind {
entry:
  %none = icmp eq i32 %n, 0
  br i1 %none, label %done, label %loop
loop:
  %i = phi i32 [0, %entry], [%i1, %loop]
  %ps = getelementptr i8, ptr %s, i32 %i
  %pd = getelementptr i8, ptr %d, i32 %i
  %v = load i8, ptr %ps
  store i8 %v, ptr %pd
  %i1 = add i32 %i, 1
  %end = icmp eq i32 %i1, %n
  br i1 %end, label %done, label %loop
done:
  ret ptr %d
}
define ptr @memmove(ptr %d, ptr %s, i32 %n) nounwind {
entry:
  %before = icmp ult ptr %d, %s
  br i1 %before, label %up, label %start
up:
  %r = tail call ptr @memcpy(ptr %d, ptr %s, i32 %n)
  ret ptr %r
start:
  %none = icmp eq i32 %n, 0
  br i1 %none, label %done, label %loop
loop:
  %i = phi i32 [%n, %start], [%i1, %loop]
  %i1 = sub i32 %i, 1
  %ps = getelementptr i8, ptr %s, i32 %i1
  %pd = getelementptr i8, ptr %d, i32 %i1
  %v = load i8, ptr %ps
  store i8 %v, ptr %pd
  %end = icmp eq i32 %i1, 0
  br i1 %end, label %done, label %loop
done:
  ret ptr %d
}
define ptr @memset(ptr %d, i32 %c, i32 %n) nounwind {
entry:
  %none = icmp eq i32 %n, 0
  %b = trunc i32 %c to i8
  br i1 %none, label %done, label %loop
loop:
  %i = phi i32 [0, %entry], [%i1, %loop]
  %pd = getelementptr i8, ptr %d, i32 %i
  store i8 %b, ptr %pd
  %i1 = add i32 %i, 1
  %end = icmp eq i32 %i1, %n
  br i1 %end, label %done, label %loop
done:
  ret ptr %d
}
define i32 @memcmp(ptr %a, ptr %b, i32 %n) nounwind {
entry:
  %none = icmp eq i32 %n, 0
  br i1 %none, label %same, label %loop
loop:
  %i = phi i32 [0, %entry], [%i1, %next]
  %pa = getelementptr i8, ptr %a, i32 %i
  %pb = getelementptr i8, ptr %b, i32 %i
  %va = load i8, ptr %pa
  %vb = load i8, ptr %pb
  %eq = icmp eq i8 %va, %vb
  br i1 %eq, label %next, label %differ
next:
  %i1 = add i32 %i, 1
  %end = icmp eq i32 %i1, %n
  br i1 %end, label %same, label %loop
same:
  ret i32 0
differ:
  %wa = zext i8 %va to i32
  %wb = zext i8 %vb to i32
  %d = sub i32 %wa, %wb
  ret i32 %d
}
define i32 @bcmp(ptr %a, ptr %b, i32 %n) nounwind {
  %r = tail call i32 @memcmp(ptr %a, ptr %b, i32 %n)
  ret i32 %r
}
