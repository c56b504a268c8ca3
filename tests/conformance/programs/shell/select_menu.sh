PS3="Choose: "
select color in red green blue quit; do
  case $color in
    quit) echo bye; break ;;
    "") echo "invalid $REPLY" ;;
    *) echo "picked $color ($REPLY)" ;;
  esac
done
