# What bash makes of dkms.conf files: the oracle that the native evaluator is compared with.
#
# usage: oracle.bash COUNT CONTEXT... CONF...
#
# COUNT files of variables, then the confs in the order in which they are laid over each other. For each context, on
# standard output, records that end in NUL: `raw NAME[i]=value` as each conf leaves it, `end` after each conf that did
# not end the shell, then `val NAME[i]=value` after the hand-over of all, and `done`.
#
# A conf is run inside a function of a subshell, which sees the names of its file and, as `$1`, those of all directives. Every value is then written as shell text, its words split, and read
# again by the outer shell, which knows the variables of the context and what was handed over before. Expanding words
# to file names, which depends on the working directory, is left out.

shopt -s extglob
BASH_ARGV0=/usr/sbin/dkms

names=(PACKAGE_NAME PACKAGE_VERSION POST_ADD POST_BUILD POST_INSTALL POST_REMOVE PRE_BUILD PRE_INSTALL BUILD_DEPENDS
    BUILD_EXCLUSIVE_ARCH BUILD_EXCLUSIVE_CONFIG BUILD_EXCLUSIVE_KERNEL BUILD_EXCLUSIVE_KERNEL_MAX
    BUILD_EXCLUSIVE_KERNEL_MIN MAKE MAKE_MATCH PATCH PATCH_MATCH BUILT_MODULE_NAME BUILT_MODULE_LOCATION
    DEST_MODULE_NAME DEST_MODULE_LOCATION STRIP AUTOINSTALL NO_WEAK_MODULES OBSOLETE_BY BUILD_DEPENDS_REBUILD CLEAN
    REMAKE_INITRD MODULES_CONF MODULES_CONF_OBSOLETES MODULES_CONF_ALIAS_TYPE MODULES_CONF_OBSOLETE_ONLY)

exec 3>&1 >/dev/null

override_dest_module_location() { printf '%s\n' "$1"; }

# Runs one conf; raw values to descriptor 3, the shell text to standard output.
__first_reading() {
    local __file=$1
    set -- "${names[*]}"
    source "$__file" >/dev/null
    local __name __index __indices __value __text=
    for __name in "${names[@]}"; do
        eval "__indices=(\"\${!$__name[@]}\")"
        for __index in "${__indices[@]}"; do
            eval "__value=\${$__name[\$__index]}"
            printf 'raw %s[%s]=%s\0' "$__name" "$__index" "$__value" >&3
            __value=${__value%$'\r'}
            set -f
            set -- $__name[$__index]=\"$__value\"
            __text+="$*"$'\n'
        done
    done
    printf 'end\0' >&3
    printf '%s' "$__text"
}

# Runs what the first reading wrote; its only argument is `$1` for the text.
__second_reading() {
    eval "$__text"
}

__all_readings() {
    local __conf __text
    local read_conf_file=$1 _conf_file to_source_file return_value=0
    for __conf; do
        _conf_file=$__conf to_source_file=$__conf
        __text=$(__first_reading "$__conf")
        __second_reading "${names[*]}"
    done
    local __name __index __indices __value
    for __name in "${names[@]}"; do
        eval "__indices=(\"\${!$__name[@]}\")"
        for __index in "${__indices[@]}"; do
            eval "__value=\${$__name[\$__index]}"
            printf 'val %s[%s]=%s\0' "$__name" "$__index" "$__value" >&3
        done
    done
    printf 'done\0' >&3
}

__count=$1
__contexts=("${@:2:__count}")
__confs=("${@:2+__count}")
for __context in "${__contexts[@]}"; do
    (
        source "$__context"
        unset -v __context __contexts __count
        __all_readings "${__confs[@]}"
    )
done
